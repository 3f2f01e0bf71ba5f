/** `all` and `allSettled`. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import {
  all,
  allSettled,
  Call,
  operation,
  OperationTimeout,
  TaskCancelled,
  until,
  WaitForSignal,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";
import { later } from "./later.ts";

test("all gives the values in the order of the operations", async () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    const [a, b, c] = yield* all([
      Call(later<string>, 3, "a"),
      Call(later<number>, 1, 2),
      until(Promise.resolve(true)),
    ]);
    return [a satisfies string, b satisfies number, c satisfies boolean];
  });
  run(3000);
  assertEquals(task.done, false);
  await Promise.resolve();
  run();
  assertEquals(task.result, ["a", 2, true]);
  assertEmpty();
});

test("all throws the first error and aborts the other operations", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  const task = scheduler.add(function* () {
    yield* all([Call(later<string>, 9, "slow", log), WaitForSignal("never", { timeout: 1 })]);
  });
  run(1000);
  assertInstanceOf(task.error, OperationTimeout);
  assertEquals(log, ["slow ended"]);
  assertEmpty();
});

test("all and allSettled of no operations end at once", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    return [yield* all([]), yield* allSettled([])];
  });
  run();
  assertEquals(task.result, [[], []]);
  assertEmpty();
});

test("allSettled gives the result of each operation, value or error", () => {
  const { scheduler, run, assertEmpty } = stage();
  const cancelled = scheduler.add(later<string>, 9, "never");
  const task = scheduler.add(function* () {
    return yield* allSettled([
      Call(later<string>, 1, "a"),
      WaitForSignal("never", { timeout: 2 }),
      operation<never>(() => {
        throw new Error("start");
      }),
    ]);
  });
  run(2000);
  const [value, timedOut, failed] = task.result ?? [];
  assertEquals(value, { status: "fulfilled", value: "a" });
  assert(timedOut?.status === "rejected");
  assertInstanceOf(timedOut.reason, OperationTimeout);
  assert(failed?.status === "rejected");
  assertEquals(String(failed.reason), "Error: start");
  cancelled.cancel();
  run();
  assertInstanceOf(cancelled.error, TaskCancelled);
  assertEmpty();
});
