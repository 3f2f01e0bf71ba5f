import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  AddCoro,
  local,
  ManualClock,
  type Operation,
  Scheduler,
  Sleep,
  type Task,
  taskChain,
  traceTasks,
} from "../../../src/coroutine/mod.ts";
import { launch as launchIn } from "../../../src/coroutine/internal.ts";
import { FirstStep, type FirstStepHost } from "../../../src/coroutine/kernel/first_step.ts";
import { stage } from "../../support/scheduling.ts";

/** Launches a generator function. */
function launch(scheduler: Scheduler, fn: () => Generator<unknown, unknown, unknown>) {
  return launchIn(scheduler, fn(), "launched");
}

test("a coroutine that ends in its first step was never a task", () => {
  const { scheduler, assertEmpty } = stage();
  let ran = false;
  const task = launch(scheduler, function* () {
    ran = true;
  });
  assertEquals([ran, task], [true, undefined]);
  assertEmpty();
});

test("a coroutine that waits becomes a task, with the operation that it yielded", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = launch(scheduler, function* () {
    yield* Sleep(1);
    return "slept";
  }) as Task<unknown>;
  assertEquals([task.name, task.state, task.parent], ["launched", "waiting", undefined]);
  assertEquals(scheduler.stats().tasks, 1);
  run(1000);
  assertEquals([task.state, task.result], ["returned", "slept"]);
  assertEmpty();
});

test("a question for the current task in a first step does not change the result of launch", () => {
  const { scheduler, assertEmpty } = stage();
  let current: Task<unknown> | undefined;
  const task = launch(scheduler, function* () {
    current = scheduler.current;
    assertEquals(current?.state, "running");
    assertStrictEquals(scheduler.current, current);
    return 1;
  });
  assertEquals([task, current?.state, current?.result], [undefined, "returned", 1]);
  assertEmpty();
});

test("the current task of a first step is the task that launch returns, if it goes on", () => {
  const { scheduler, run, assertEmpty } = stage();
  let current: Task<unknown> | undefined;
  const task = launch(scheduler, function* () {
    current = scheduler.current;
    yield;
  });
  assertStrictEquals(task, current);
  run();
  assertEmpty();
});

test("questions in a first step make no task", () => {
  const { scheduler } = stage();
  const linked: unknown[] = [];
  const host = { scheduler, tracer: undefined, link: (task: unknown) => linked.push(task) };
  const step = new FirstStep(host as unknown as FirstStepHost);
  const seen: unknown[] = [];
  const coroutine = function* () {
    seen.push(step.isRunning, step.isTaskless, step.locals, step.isTraced, step.scheduler);
  };
  step.run(coroutine(), "asking");
  assertEquals(seen, [true, true, undefined, false, scheduler]);
  assertEquals([linked, step.isRunning, step.isTaskless], [[], false, false]);
});

test("reading a local in a first step gives its initial value, or what the step has set", () => {
  const { scheduler, assertEmpty } = stage();
  const user = local("initial");
  const seen: string[] = [];
  launch(scheduler, function* () {
    seen.push(user.value);
    user.value = "set";
    seen.push(user.value);
  });
  launch(scheduler, function* () {
    seen.push(user.value);
  });
  assertEquals(seen, ["initial", "set", "initial"]);
  assertEmpty();
});

test("counts and lists of tasks include a coroutine in its first step", () => {
  const { scheduler, assertEmpty } = stage();
  const seen: unknown[] = [];
  launch(scheduler, function* () {
    seen.push(scheduler.stats().tasks);
  });
  launch(scheduler, function* () {
    seen.push([...scheduler.tasks()].map((task) => task.name));
  });
  launch(scheduler, function* () {
    seen.push(traceTasks(scheduler).map(({ state }) => state));
  });
  assertEquals(seen, [1, ["launched"], ["running"]]);
  assertEmpty();
});

test("children added in a first step have its task as their parent, and its locals", () => {
  const { scheduler, run, assertEmpty } = stage();
  const user = local("nobody");
  const seen: unknown[] = [];
  launch(scheduler, function* () {
    user.value = "alice";
    scheduler.add(function* child() {
      seen.push(user.value, taskChain(scheduler.current as Task<unknown>));
    });
  });
  assertEquals(user.value, "nobody");
  run();
  assertEquals(seen, ["alice", ["child", "launched"]]);
  assertEmpty();
});

test("an error in its first step is reported, as a task's is", () => {
  const clock = new ManualClock();
  const reported: unknown[] = [];
  const scheduler = new Scheduler({
    clock,
    onError: (error, task) => reported.push(error, task.name),
  });
  const failure = new Error("in the first step");
  const task = launch(scheduler, function* () {
    throw failure;
  });
  assertEquals(task, undefined);
  clock.advance(0);
  assertEquals(reported, [failure, "launched"]);
  assertEquals(scheduler.stats().tasks, 0);
});

test("a coroutine cancelled in its first step ends at its first wait", () => {
  const { scheduler, run, assertEmpty } = stage();
  let cleaned = false;
  const task = launch(scheduler, function* () {
    try {
      scheduler.current?.cancel();
      yield* Sleep(60);
    } finally {
      cleaned = true;
    }
  });
  run();
  assertEquals([task?.state, cleaned], ["cancelled", true]);
  assertEmpty();
});

test("shutdown and run from inside a first step wait for its coroutine", async () => {
  const { scheduler, run } = stage();
  let ended: Promise<void> | undefined;
  const task = launch(scheduler, function* () {
    ended = scheduler.shutdown();
    yield* Sleep(60);
  });
  let isOver = false;
  void ended?.then(() => isOver = true);
  await Promise.resolve();
  assertEquals(isOver, false);
  run();
  await ended;
  assertEquals(task?.state, "cancelled");
});

test("launched from inside a coroutine, a coroutine waits for its turn, as a child", () => {
  const { scheduler, run, assertEmpty } = stage();
  const seen: unknown[] = [];
  scheduler.add(function* outer() {
    const task = launch(scheduler, function* () {
      seen.push("inner");
    });
    seen.push(task?.state, task?.parent?.name);
  });
  run();
  assertEquals(seen, ["ready", "outer", "inner"]);
  assertEmpty();
});

test("launched from inside a first step, a coroutine waits; another scheduler runs it at once", () => {
  const { scheduler, run, assertEmpty } = stage();
  const other = new Scheduler({ clock: new ManualClock() });
  const seen: unknown[] = [];
  const outer = launch(scheduler, function* () {
    const inner = launch(scheduler, function* () {
      yield* Sleep(1) as Operation<void>;
      seen.push("inner");
    });
    const foreign = launch(other, function* () {
      yield* AddCoro(function* () {});
    });
    seen.push(inner?.parent?.name, foreign?.parent);
    yield* Sleep(1);
    seen.push("outer");
  });
  assertEquals(outer?.state, "waiting");
  run(1000);
  assertEquals(seen, ["launched", undefined, "outer", "inner"]);
  assertEmpty();
});
