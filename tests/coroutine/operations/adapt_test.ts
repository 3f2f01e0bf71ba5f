/** The values of an untyped `yield`. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

test("an untyped yield waits for an operation, a promise or a coroutine, and gives its value", async () => {
  const { scheduler, run, assertEmpty } = stage();
  function* inner(): Generator<unknown, string, unknown> {
    yield Sleep(1);
    return "inner";
  }
  const task = scheduler.add(function* (): Generator<unknown, unknown[], unknown> {
    const values = [yield Sleep(1), yield inner()];
    values.push(yield Promise.resolve("promise"));
    try {
      yield Promise.reject(new Error("rejected"));
    } catch (error) {
      values.push(String(error));
    }
    return values;
  });
  run(2000);
  for (let i = 0; i < 4; i++) {
    await Promise.resolve();
    run();
  }
  assertEquals(task.result, [undefined, "inner", "promise", "Error: rejected"]);
  assertEmpty();
});

test("yielding another kind of value throws a TypeError at the yield", () => {
  const { scheduler, run } = stage();
  const task = scheduler.add(function* () {
    const messages: string[] = [];
    for (const wrong of [42, "text", {}, null]) {
      try {
        yield wrong;
      } catch (error) {
        assertInstanceOf(error, TypeError);
        messages.push(error.message);
      }
    }
    return messages;
  });
  run();
  assertEquals(
    task.result?.[1],
    'Cannot wait for the string "text": expected an operation, ' +
      "a promise or a coroutine",
  );
  assertEquals(task.result?.length, 4);
});

test("cancelling a caller cancels the coroutine it called by an untyped yield", () => {
  const { scheduler, run, assertEmpty } = stage();
  let cleaned = false;
  function* inner() {
    try {
      yield* Sleep(60);
    } finally {
      cleaned = true;
    }
  }
  const task = scheduler.add(function* () {
    yield inner();
  });
  run();
  task.cancel();
  run();
  assertEquals([cleaned, task.state], [true, "cancelled"]);
  assertEmpty();
});
