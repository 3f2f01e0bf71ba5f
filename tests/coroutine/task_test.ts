import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import {
  AddCoro,
  Join,
  operation,
  OperationTimeout,
  Signal,
  Sleep,
  TaskCancelled,
  WaitForSignal,
} from "../../src/coroutine/mod.ts";
import { stage } from "../support/scheduling.ts";

test("a coroutine returns its result", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(
    function* (a: number, b: number) {
      yield* Sleep(0);
      return a + b;
    },
    1,
    2,
  );
  assertEquals(task.state, "ready");
  run();
  assertEquals([task.state, task.result, task.error], ["returned", 3, undefined]);
  assertEmpty();
});

test("a task of a function without a usable name is anonymous", () => {
  const { scheduler, run } = stage();
  const named = function* work() {};
  const nameless = Object.defineProperty(function* () {}, "name", {
    get() {
      throw new Error("no name");
    },
  });
  const functions = [named, named.bind(undefined), (() => function* () {})(), nameless];
  const tasks = functions.map((fn) => scheduler.add(fn));
  run();
  assertEquals(tasks.map((task) => task.name), ["work", "work", "anonymous", "anonymous"]);
});

test("a task takes its name from its function and knows its parent", () => {
  const { scheduler, run } = stage();
  const parent = scheduler.add(function* parent() {
    return yield* AddCoro(function* child() {});
  });
  assertEquals(parent.name, "parent");
  run();
  assertEquals(parent.result?.name, "child");
  assert(parent.result?.parent === parent);
});

test("cancel runs finally, aborts the wait at once, and catch cannot swallow it", () => {
  const { scheduler, run, assertEmpty } = stage();
  const seen: string[] = [];
  const task = scheduler.add(function* () {
    try {
      yield* WaitForSignal("never", { timeout: 60 });
    } catch {
      seen.push("catch");
    } finally {
      seen.push("finally");
    }
    seen.push("after");
  });
  run();
  task.cancel();
  assertEquals(scheduler.stats().signals, 0);
  assertEquals(scheduler.stats().deadlines, 0);
  run();
  assertEquals(seen, ["finally"]);
  assertEquals(task.state, "cancelled");
  assertInstanceOf(task.error, TaskCancelled);
  assertEmpty();
});

test("a coroutine that is cancelled before its start runs none of its code", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    throw new Error("started");
  });
  task.cancel();
  run();
  assertEquals(task.state, "cancelled");
  assertEmpty();
});

test("a coroutine that is cancelled at a bare yield ends there", () => {
  const { scheduler, run, assertEmpty } = stage();
  let steps = 0;
  const task = scheduler.add(function* () {
    for (;; steps++) yield;
  });
  for (let turn = 0; turn < 3; turn++) scheduler.step();
  task.cancel();
  scheduler.step();
  assertEquals([task.state, steps], ["cancelled", 2]);
  run();
  assertEmpty();
});

test("a value on its way arrives before a cancellation that comes later", () => {
  const { scheduler, run, assertEmpty } = stage();
  const seen: unknown[] = [];
  const task = scheduler.add(function* () {
    try {
      seen.push(yield* WaitForSignal("abc"));
      yield* Sleep(1);
      seen.push("slept");
    } finally {
      seen.push("finally");
    }
  });
  scheduler.add(function* () {
    yield* Signal("abc", "message");
  });
  scheduler.step();
  task.cancel();
  run();
  assertEquals(seen, ["message", "finally"]);
  assertEmpty();
});

test("finally may wait, and a second cancel does not disturb it", () => {
  const { scheduler, run, assertEmpty } = stage();
  const seen: string[] = [];
  const task = scheduler.add(function* () {
    try {
      yield* Sleep(60);
    } finally {
      yield* Sleep(1);
      seen.push("cleaned");
    }
  });
  run();
  task.cancel();
  run(500);
  task.cancel();
  run(500);
  assertEquals(seen, ["cleaned"]);
  assertEquals(task.state, "cancelled");
  assertEmpty();
});

test("a coroutine that cancels itself ends at its next wait", () => {
  const { scheduler, run, assertEmpty } = stage();
  let reached = false;
  const task = scheduler.add(function* () {
    task.cancel();
    reached = true;
    yield* Sleep(1);
    reached = false;
  });
  run();
  assertEquals([task.state, reached], ["cancelled", true]);
  assertEmpty();
});

test("an error that is not joined is reported once, and the other coroutines go on", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const error = new Error("nobody joins");
  scheduler.add(function* () {
    throw error;
  });
  const other = scheduler.add(function* () {
    yield* Sleep(1);
    return "fine";
  });
  run(1000);
  assertEquals(errors, [error]);
  assertEquals(other.result, "fine");
  assertEmpty();
});

test("an error that is joined is not reported", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const child = scheduler.add(function* () {
    yield* Sleep(1);
    throw new Error("for the joiner");
  });
  const parent = scheduler.add(function* () {
    try {
      yield* Join(child);
    } catch (error) {
      return (error as Error).message;
    }
  });
  run(1000);
  assertEquals(parent.result, "for the joiner");
  assertEquals(errors, []);
  assertEmpty();
});

test("an error is reported if the wait of its joiner has been aborted", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const child = scheduler.add(function* () {
    yield* Sleep(2);
    throw new Error("late");
  });
  const parent = scheduler.add(function* () {
    try {
      yield* Join(child, { timeout: 1 });
    } catch (error) {
      return error;
    }
  });
  run(2000);
  assertInstanceOf(parent.result, OperationTimeout);
  assertEquals(errors.map(String), ["Error: late"]);
  assertEmpty();
});

test("an operation resumes once; later calls have no effect", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    const first = yield* operation<number>((resume) => {
      resume.value(1);
      resume.value(2);
      resume.error(new Error("late"));
    });
    yield* Sleep(0);
    return first;
  });
  run();
  assertEquals(task.result, 1);
  assertEmpty();
});

test("an error in start is thrown in the coroutine, and an error in abort goes to onError", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const starts = scheduler.add(function* () {
    try {
      yield* operation(() => {
        throw new Error("in start");
      });
    } catch (error) {
      return String(error);
    }
  });
  const aborts = scheduler.add(function* () {
    yield* operation(() => () => {
      throw new Error("in abort");
    });
  });
  run();
  aborts.cancel();
  run();
  assertEquals(starts.result, "Error: in start");
  assertEquals(errors.map(String), ["Error: in abort"]);
  assertEquals(aborts.state, "cancelled");
  assertEmpty();
});
