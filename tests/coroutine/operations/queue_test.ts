/** `Queue`, its errors, and its async iterator, an `AsyncView`. */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Coroutine,
  Empty,
  Full,
  OperationTimeout,
  Queue,
  QueueClosed,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";
import { promisesSettle } from "../promises_settle.ts";

function* take<T>(queue: Queue<T>, timeout = -1): Coroutine<T> {
  return yield* queue.get({ timeout });
}

function* give<T>(queue: Queue<T>, item: T, timeout = -1): Coroutine<void> {
  yield* queue.put(item, { timeout });
}

test("items are taken in the order in which they were put in", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<number | undefined>();
  for (const item of [1, undefined, 3]) queue.putNowait(item);
  const takers = [1, 2, 3].map(() => scheduler.add(take, queue));
  run();
  assertEquals(takers.map((task) => task.result), [1, undefined, 3]);
  assertEquals([queue.empty, queue.waiting], [true, 0]);
  assertEmpty();
});

test("waiting gets are served in order of arrival, and a later get cannot overtake them", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<string>();
  const takers = [1, 2].map(() => scheduler.add(take, queue));
  run();
  queue.putNowait("a");
  assertThrows(() => queue.getNowait(), Empty, "is empty");
  queue.putNowait("b");
  run();
  assertEquals(takers.map((task) => task.result), ["a", "b"]);
  assertEmpty();
});

test("puts wait while the queue is full, and are served in order of arrival", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<number>(1);
  const givers = [1, 2, 3].map((item) => scheduler.add(give<number>, queue, item));
  run();
  assertEquals(givers.map((task) => task.done), [true, false, false]);
  assertThrows(() => queue.putNowait(4), Full, "holds 1");
  assertEquals(queue.getNowait(), 1);
  run();
  assertEquals(givers.map((task) => task.done), [true, true, false]);
  assertEquals([queue.getNowait(), queue.getNowait()], [2, 3]);
  run();
  assertEquals(queue.waiting, 0);
  assertEmpty();
});

test("a get that is cancelled or times out loses no item", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<string>();
  const cancelled = scheduler.add(take, queue);
  const late = scheduler.add(take, queue, 1);
  const patient = scheduler.add(take, queue);
  run();
  cancelled.cancel();
  run(1000);
  assertInstanceOf(late.error, OperationTimeout);
  queue.putNowait("item");
  run();
  assertEquals(patient.result, "item");
  assertEquals(queue.waiting, 0);
  assertEmpty();
});

test("an item that was handed to a coroutine arrives, though the coroutine is cancelled before its step", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<string>();
  const seen: string[] = [];
  const task = scheduler.add(function* () {
    seen.push(yield* queue.get());
    seen.push(yield* queue.get());
  });
  run();
  queue.putNowait("on its way");
  task.cancel();
  queue.putNowait("not taken");
  run();
  assertEquals(seen, ["on its way"]);
  assertEquals(queue.getNowait(), "not taken");
  assertEmpty();
});

test("a put that is cancelled or times out puts no item in, and lets the next put go on", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<string>(1);
  queue.putNowait("first");
  const cancelled = scheduler.add(give<string>, queue, "cancelled");
  const late = scheduler.add(give<string>, queue, "late", 1);
  const patient = scheduler.add(give<string>, queue, "patient");
  run();
  cancelled.cancel();
  run(1000);
  assertInstanceOf(late.error, OperationTimeout);
  assertEquals([queue.getNowait(), queue.getNowait()], ["first", "patient"]);
  run();
  assertEquals(patient.done, true);
  assertEmpty();
});

test("join ends for all its waiters once taskDone was called for every item", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<number>(1);
  let woken = 0;
  for (let joiner = 0; joiner < 2; joiner++) {
    scheduler.add(function* () {
      if (queue.empty) queue.putNowait(1);
      yield* queue.join();
      woken++;
    });
  }
  const waiting = scheduler.add(give<number>, queue, 2);
  run();
  queue.getNowait();
  queue.taskDone();
  run();
  assertEquals([woken, waiting.done], [0, true]);
  queue.getNowait();
  queue.taskDone();
  run();
  assertEquals(woken, 2);
  assertThrows(() => queue.taskDone(), RangeError, "more often");
  assertEmpty();
});

test("join does not wait while no item is unfinished", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    yield* new Queue().join();
  });
  run();
  assertEquals(task.done, true);
  assertEmpty();
});

test("a closed queue still gives its items, and then throws QueueClosed", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<number>(1);
  queue.putNowait(1);
  const putter = scheduler.add(give<number>, queue, 2);
  run();
  queue.close();
  const takers = [1, 2].map(() => scheduler.add(take, queue));
  run();
  assertEquals(takers[0]?.result, 1);
  assertInstanceOf(takers[1]?.error, QueueClosed);
  assertInstanceOf(putter.error, QueueClosed);
  assertThrows(() => queue.putNowait(3), QueueClosed);
  assertThrows(() => queue.getNowait(), QueueClosed);
  assertEmpty();
});

test("closing a queue ends the waiting gets with QueueClosed", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<number>();
  const taker = scheduler.add(take, queue);
  run();
  queue.close();
  run();
  assertInstanceOf(taker.error, QueueClosed);
  assertEmpty();
});

test("coroutines of two schedulers can share a queue", () => {
  const one = stage(), other = stage();
  const queue = new Queue<string>();
  const taker = one.scheduler.add(take, queue);
  one.run();
  other.scheduler.add(give<string>, queue, "across");
  other.run();
  one.run();
  assertEquals(taker.result, "across");
});

test("for await takes items until the queue is closed", async () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<number>();
  const seen: number[] = [];
  const reading = (async () => {
    for await (const item of queue.values(scheduler)) seen.push(item);
  })();
  for (const item of [1, 2, 3]) {
    queue.putNowait(item);
    run();
    await promisesSettle();
  }
  queue.close();
  run();
  await reading;
  assertEquals(seen, [1, 2, 3]);
  assertEmpty();
});

test("leaving a for await loop cancels its pending get", async () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<number>();
  const view = queue.values(scheduler);
  const pending = view.next();
  run();
  assertEquals(queue.waiting, 1);
  assertEquals((await view.return?.())?.done, true);
  assertEquals(queue.waiting, 0);
  run();
  assertEquals((await pending).done, true);
  assertEquals((await view.next()).done, true);
  assertEmpty();
});

test("a maxsize that is not a whole number is a RangeError", () => {
  for (const maxsize of [-1, 1.5, NaN]) {
    assertThrows(() => new Queue(maxsize), RangeError, "whole number");
  }
});
