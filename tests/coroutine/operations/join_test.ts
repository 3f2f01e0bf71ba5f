import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import {
  type Coroutine,
  Join,
  Sleep,
  type Task,
  TaskCancelled,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";
import { crowdOf } from "../../support/shares.ts";

function* sleeper(seconds: number): Coroutine<string> {
  yield Sleep(seconds);
  return "slept";
}

function* join(task: Task<string>): Coroutine<string> {
  return (yield Join(task)) as string;
}

test("Join gives the result to any number of coroutines, before and after the end", () => {
  const { scheduler, run, assertEmpty } = stage();
  const child = scheduler.add(sleeper, 1);
  const early = [scheduler.add(join, child), scheduler.add(join, child)];
  run(1000);
  const late = scheduler.add(join, child);
  run();
  assertEquals([...early, late].map((task) => task.result), ["slept", "slept", "slept"]);
  assertEmpty();
});

test("Join throws TaskCancelled if the joined coroutine was cancelled", () => {
  const { scheduler, run, assertEmpty } = stage();
  const child = scheduler.add(sleeper, 1);
  const parent = scheduler.add(join, child);
  run();
  child.cancel();
  run();
  assertInstanceOf(parent.error, TaskCancelled);
  assert(parent.error.task === child as Task<unknown>);
  assertEmpty();
});

test("cancelling a Join does not cancel the joined coroutine", () => {
  const { scheduler, run, assertEmpty } = stage();
  const child = scheduler.add(sleeper, 1);
  const parent = scheduler.add(join, child);
  run();
  parent.cancel();
  run(1000);
  assertEquals([parent.state, child.result], ["cancelled", "slept"]);
  assertEmpty();
});

test("a coroutine cannot join itself", () => {
  const { scheduler, run } = stage();
  const task: Task<unknown> = scheduler.add(function* () {
    yield Join(task);
  });
  run();
  assertInstanceOf(task.error, TypeError);
});

test("cancelling a crowd of joins of one coroutine takes no search", () => {
  const { scheduler, run, assertEmpty } = stage({ quantum: 3600 });
  const child = scheduler.add(sleeper, 1);
  const joiners = Array.from({ length: crowdOf(100_000) }, () => scheduler.add(join, child));
  run();
  for (const joiner of joiners) joiner.cancel();
  run(1000);
  assertEquals(child.result, "slept");
  assertEmpty();
});
