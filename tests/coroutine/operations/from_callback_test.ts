import { assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import { fromCallback, OperationTimeout, timeout } from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

test("the first call of the callback ends the wait, and later calls have no effect", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    return yield* fromCallback<number>((done) => {
      done(undefined, 1);
      done(null, 2);
      done(new Error("late"));
    });
  });
  run();
  assertEquals(task.result, 1);
  assertEquals(errors, []);
  assertEmpty();
});

test("an error of the callback is thrown in the coroutine", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    yield* fromCallback((done) => done(new Error("failed")));
  });
  run();
  assertEquals(String(task.error), "Error: failed");
  assertEmpty();
});

test("aborting the wait calls the returned function once", () => {
  const { scheduler, run, assertEmpty } = stage();
  let aborts = 0;
  const task = scheduler.add(function* () {
    yield* timeout(fromCallback(() => () => aborts++), 1);
  });
  run(1000);
  assertInstanceOf(task.error, OperationTimeout);
  assertEquals(aborts, 1);
  assertEmpty();
});
