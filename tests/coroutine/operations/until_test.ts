import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { until } from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

test("after the wait was cancelled, a rejection of the promise is ignored", async () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  let reject = (_: Error) => {};
  const promise = new Promise<never>((_, no) => reject = no);
  const task = scheduler.add(function* () {
    yield* until(promise);
  });
  run();
  task.cancel();
  run();
  reject(new Error("too late"));
  await Promise.resolve();
  await Promise.resolve();
  run();
  assertEquals(task.state, "cancelled");
  assertEquals(errors, []);
  assertEmpty();
});
