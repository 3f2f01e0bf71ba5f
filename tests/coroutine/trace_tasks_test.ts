import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import {
  AddCoro,
  type Coroutine,
  Sleep,
  type Task,
  taskChain,
  traceTasks,
  until,
  WaitForSignal,
} from "../../src/coroutine/mod.ts";
import { stage } from "../support/scheduling.ts";

function* patient(): Coroutine<unknown> {
  return yield* WaitForSignal("abc");
}

test("a trace names each coroutine and its operation, since when and from which line it waits", () => {
  const { scheduler, run } = stage({ debug: true });
  scheduler.add(function* parent() {
    yield* AddCoro(patient);
    yield* Sleep(60);
  });
  run(2000);
  const traces = traceTasks(scheduler);
  assertEquals(traces.map(({ chain }) => chain), [["parent"], ["patient", "parent"]]);
  assertEquals(traces.map(({ state }) => state), ["waiting", "waiting"]);
  assertEquals(traces.map(({ waitsFor }) => waitsFor), ["Sleep", 'WaitForSignal("abc")']);
  assertEquals(traces.map(({ waited }) => waited), [2000, 2000]);
  for (const { from } of traces) assertMatch(from ?? "", /trace_tasks_test\.[tj]s.*:\d+:\d+/);
});

test("a trace of a ready coroutine does not name its last operation", () => {
  const { scheduler, run } = stage({ debug: true });
  const task = scheduler.add(function* () {
    yield* until(new Promise(() => {}));
  });
  assertEquals(traceTasks(scheduler)[0]?.waited, undefined);
  run(5);
  assertEquals(traceTasks(scheduler)[0]?.waited, 5);
  task.cancel();
  assertEquals(traceTasks(scheduler)[0]?.waited, undefined);
  run();
  assertEquals(traceTasks(scheduler), []);
});

test("without debug a trace has no times and no lines", () => {
  const { scheduler, run } = stage();
  scheduler.add(patient);
  run();
  const [trace] = traceTasks(scheduler);
  assertEquals(trace?.waitsFor, 'WaitForSignal("abc")');
  assertEquals([trace?.waited, trace?.from], [undefined, undefined]);
});

test("coroutines that each add their successor do not keep their ancestors in memory", () => {
  const { scheduler, run } = stage();
  let last: Task<unknown> | undefined;
  function* link(left: number): Coroutine<void> {
    if (left > 0) last = scheduler.add(link, left - 1);
  }
  scheduler.add(link, 1000);
  run();
  assert(last?.done);
  assert(taskChain(last).length <= 3, `${taskChain(last).length} are held`);
});

test("the chain of an error that is not joined names the ancestors of the coroutine", () => {
  const chains: string[][] = [];
  const { scheduler, run } = stage({ onError: (_, task) => chains.push(taskChain(task)) });
  scheduler.add(function* grandparent() {
    yield* AddCoro(function* parent() {
      yield* AddCoro(function* child() {
        throw new Error("unseen");
      });
      yield* Sleep(1);
    });
    yield* Sleep(1);
  });
  run(1000);
  assertEquals(chains, [["child", "parent", "grandparent"]]);
});
