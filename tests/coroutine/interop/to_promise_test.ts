import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Coroutine,
  Sleep,
  type Task,
  TaskCancelled,
  toPromise,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

function* sleeper(): Coroutine<string> {
  yield* Sleep(1);
  return "rested";
}

test("the promise of a task settles with the task, also if it is made afterwards", async () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const task = scheduler.add(sleeper);
  const failing = scheduler.add(function* () {
    yield* Sleep(1);
    throw new Error("failed");
  });
  const cancelled = scheduler.add(sleeper);
  const promises = [toPromise(task), toPromise(cancelled)] as const;
  const failed = assertRejects(() => toPromise(failing), Error, "failed");
  cancelled.cancel();
  const gone = assertRejects(() => promises[1], TaskCancelled);
  run(1000);
  assertEquals([await promises[0], await toPromise(task)], ["rested", "rested"]);
  await failed;
  await gone;
  assertEquals(errors, []);
  assertEmpty();
});

test("the promise of an object that is no task is a TypeError", () => {
  const wrong = sleeper() as unknown as Task<string>;
  assertThrows(() => toPromise(wrong), TypeError, ": expected a task");
});
