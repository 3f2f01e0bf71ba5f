import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Call, type Coroutine, Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

function* later(value: string, fails = false): Coroutine<string> {
  yield Sleep(1);
  if (fails) throw new Error(value);
  return value;
}

test("Call gives the result or throws the error, after yield* and after yield alike", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const task = scheduler.add(function* (): Generator<unknown, unknown[], unknown> {
    const values: unknown[] = [yield* Call(later, "typed"), yield Call(later, "untyped")];
    try {
      yield* Call(later, "typed error", true);
    } catch (error) {
      values.push(String(error));
    }
    try {
      yield Call(later, "untyped error", true);
    } catch (error) {
      values.push(String(error));
    }
    return values;
  });
  run(4000);
  assertEquals(task.result, [
    "typed",
    "untyped",
    "Error: typed error",
    "Error: untyped error",
  ]);
  assertEquals(errors, []);
  assertEmpty();
});

test("after a cancelled Call with a finally block that waits, the caller does not go on", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  function* inner(): Coroutine<void> {
    try {
      yield* Sleep(60);
    } finally {
      yield* Sleep(1);
      yield* Sleep(1);
      log.push("inner");
    }
  }
  function* middle(): Coroutine<void> {
    try {
      yield* Call(inner);
      log.push("behind inner");
    } finally {
      yield* Sleep(1);
      log.push("middle");
    }
  }
  const task = scheduler.add(function* () {
    for (;;) {
      yield* Call(middle);
      log.push("behind middle");
    }
  });
  run();
  task.cancel();
  run(3000);
  assertEquals([task.state, log], ["cancelled", ["inner", "middle"]]);
  assertEmpty();
});

test("Call passes values and errors to the called coroutine", () => {
  const { scheduler, run, assertEmpty } = stage();
  function* echo(): Coroutine<unknown[]> {
    const seen: unknown[] = [yield* Sleep(0)];
    try {
      yield* WaitForSignal("never", { timeout: 1 });
    } catch (error) {
      seen.push((error as Error).name);
    }
    return seen;
  }
  const task = scheduler.add(function* () {
    return yield* Call(echo);
  });
  run(1000);
  assertEquals(task.result, [undefined, "OperationTimeout"]);
  assertEmpty();
});
