import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Call, type Coroutine, Sleep } from "../../src/coroutine/mod.ts";
import { stage } from "../support/scheduling.ts";

function* later(value: string, fails = false): Coroutine<string> {
  yield Sleep(1);
  if (fails) throw new Error(value);
  return value;
}

test("call gives the result or throws the error, typed and untyped alike", () => {
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
