import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Coroutine, race, type Scope, scope, Sleep } from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

function* child(name: string, seconds: number, log: string[]): Coroutine<string> {
  try {
    yield* Sleep(seconds);
    return name;
  } finally {
    yield* Sleep(0.1);
    log.push(name);
  }
}

function* failing(seconds: number, message = "failed"): Coroutine<void> {
  yield* Sleep(seconds);
  throw new Error(message);
}

test("when the body returns, the scope cancels the running children and waits for their ends", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  const task = scheduler.add(function* () {
    const result = yield* scope(function* (children) {
      children.add(child, "a", 60, log);
      children.add(child, "b", 0.1, log);
      yield* Sleep(1);
      return "body";
    });
    log.push("after");
    return result;
  });
  run(1000);
  assertEquals(log, ["b"]);
  run(100);
  assertEquals([task.result, log], ["body", ["b", "a", "after"]]);
  assertEmpty();
});

test("Scope.join waits for the children, which are then not cancelled", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  const task = scheduler.add(function* () {
    return yield* scope(function* (children) {
      const tasks = ["a", "b"].map((name) => children.add(child, name, 1, log));
      yield* children.join();
      return tasks.map((each) => each.result);
    });
  });
  run(1100);
  assertEquals(task.result, ["a", "b"]);
  assertEmpty();
});

test("an error of a child cancels the body and the other children, and the scope throws it", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const log: string[] = [];
  const task = scheduler.add(function* () {
    try {
      yield* scope(function* (children) {
        children.add(child, "sibling", 60, log);
        children.add(failing, 1);
        yield* Sleep(60);
        log.push("unreachable");
      });
    } catch (error) {
      return String(error);
    }
    return "";
  });
  run(1100);
  assertEquals([task.result, log, errors], ["Error: failed", ["sibling"], []]);
  assertEmpty();
});

test("an error of the body cancels the children", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const log: string[] = [];
  const task = scheduler.add(function* () {
    yield* scope(function* (children) {
      children.add(child, "a", 60, log);
      yield* failing(1);
    });
  });
  run(1100);
  assertEquals([String(task.error), log], ["Error: failed", ["a"]]);
  assertEquals(errors, [task.error]);
  assertEmpty();
});

test("several errors are thrown as one AggregateError", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    yield* scope(function* (children) {
      children.add(failing, 1, "one");
      children.add(failing, 1, "two");
      yield* children.join();
    });
  });
  run(1000);
  assertInstanceOf(task.error, AggregateError);
  assertEquals(task.error.errors.map((error) => error.message), ["one", "two"]);
  assertEmpty();
});

test("cancelling the waiting coroutine cancels the body and all children, and waits for their ends", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  const task = scheduler.add(function* () {
    yield* scope(function* (children) {
      children.add(child, "a", 60, log);
      yield* scope(function* (grandchildren) {
        grandchildren.add(child, "b", 60, log);
        yield* Sleep(60);
      });
    });
  });
  run();
  task.cancel();
  run(99);
  assertEquals(task.done, false);
  run(1);
  assertEquals([task.state, log.sort()], ["cancelled", ["a", "b"]]);
  assertEmpty();
});

test("a scope can be one of the operations of a race", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  const task = scheduler.add(function* () {
    return yield* race([
      scope(function* (children) {
        children.add(child, "a", 60, log);
        yield* children.join();
      }),
      Sleep(1),
    ]);
  });
  run(1000);
  assertEquals(task.state, "returned");
  run(100);
  assertEquals(log, ["a"]);
  assertEmpty();
});

test("adding a child to a scope that has ended is a TypeError", () => {
  const { scheduler, run, assertEmpty } = stage();
  let kept: Scope | undefined;
  scheduler.add(function* () {
    yield* scope(function* (children) {
      kept = children;
    });
  });
  run();
  assertThrows(() => kept?.add(failing, 1), TypeError, "scope has ended");
  assertEmpty();
});
