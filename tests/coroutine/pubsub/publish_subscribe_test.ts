/** `PublishSubscribeQueue`, and with it all files of `src/coroutine/pubsub`. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Coroutine,
  type FetchOptions,
  Full,
  NotSubscribed,
  OperationTimeout,
  PublishSubscribeQueue,
  QueueClosed,
  Sleep,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";
import { promisesSettle } from "../promises_settle.ts";

function* fetch<T>(
  queue: PublishSubscribeQueue<T>,
  key: unknown,
  options: FetchOptions = {},
): Coroutine<T[]> {
  return yield* queue.fetch(key, options);
}

function* publish<T>(queue: PublishSubscribeQueue<T>, message: T, timeout = -1): Coroutine<number> {
  return yield* queue.publish(message, { timeout });
}

/** A stage, and a queue with the subscribers `a` and `b`. */
function newsroom(options: ConstructorParameters<typeof PublishSubscribeQueue>[0] = {}) {
  const theatre = stage();
  const queue = new PublishSubscribeQueue<number>(options);
  const subscribe = (key: unknown, from?: number) => {
    theatre.scheduler.add(function* () {
      yield* queue.subscribe(key, from === undefined ? {} : { from });
    });
    theatre.run();
  };
  const read = (key: unknown, fetchOptions: FetchOptions = {}) => {
    const task = theatre.scheduler.add(fetch, queue, key, fetchOptions);
    theatre.run();
    return task;
  };
  return { ...theatre, queue, subscribe, read };
}

test("every subscriber gets every message once, in order, at its own speed", () => {
  const { queue, subscribe, read, run, assertEmpty } = newsroom();
  subscribe("a");
  const early = read("a");
  queue.publishNowait(1);
  run();
  assertEquals(early.result, [1]);
  subscribe("b");
  queue.publishNowait(2);
  queue.publishNowait(3);
  assertEquals(read("a").result, [2, 3]);
  assertEquals(read("b").result, [1, 2, 3]);
  assertEquals(queue.waiting, 0);
  assertEmpty();
});

test("one message completes all pending fetches", () => {
  const { queue, subscribe, read, scheduler, run, assertEmpty } = newsroom();
  const keys = Array.from({ length: 1000 }, (_, n) => n);
  for (const key of keys) subscribe(key);
  const readers = keys.map((key) => read(key));
  const publisher = scheduler.add(publish<number>, queue, 7);
  run();
  assertEquals(publisher.result, 0);
  assert(readers.every((task) => task.result?.[0] === 7));
  assertEmpty();
});

test("without a key, the subscription belongs to the calling coroutine and ends with it", () => {
  const { queue, scheduler, run, assertEmpty } = newsroom();
  const reader = scheduler.add(function* () {
    yield* queue.subscribe();
    const first = yield* queue.fetch();
    yield* queue.subscribe();
    return [first, yield* queue.fetch(), yield* queue.unsubscribe(), yield* queue.unsubscribe()];
  });
  const failing = scheduler.add(function* () {
    yield* queue.subscribe();
    yield* Sleep(1);
  });
  run();
  assertEquals(queue.subscribers, 2);
  queue.publishNowait(1);
  run();
  assertEquals(reader.result, [[1], [1], true, false]);
  assertEquals(queue.subscribers, 1);
  failing.cancel();
  run();
  assertEquals(queue.subscribers, 0);
  assertEmpty();
});

test("compact drops the messages that all subscribers have read, and the indexes do not change", () => {
  const { queue, subscribe, read, assertEmpty } = newsroom();
  subscribe("a");
  subscribe("b");
  for (let n = 0; n < 100; n++) queue.publishNowait(n);
  read("a");
  assertEquals(read("b", { limit: 40 }).result?.length, 40);
  assertEquals(queue.compact(), 40);
  assertEquals([queue.first, queue.next, queue.size], [40, 100, 60]);
  assertEquals(read("b", { limit: 1 }).result, [40]);
  assertEquals([queue.position("a"), queue.position("b"), queue.position("c")], [
    100,
    41,
    undefined,
  ]);
  queue.publishNowait(100);
  assertEquals(read("a").result, [100]);
  assertEmpty();
});

test("a subscription can start at an index, and a fetch can go back to one", () => {
  const { queue, subscribe, read, run, assertEmpty } = newsroom({ capacity: 5 });
  for (let n = 0; n < 10; n++) queue.publishNowait(n);
  subscribe("back", 8);
  assertEquals(read("back").result, [8, 9]);
  assertEquals(read("back", { from: 7 }).result, [7, 8, 9]);
  assertEquals(read("back", { from: 0 }).result, [5, 6, 7, 8, 9]);
  const ahead = read("back", { from: 1000 });
  assertEquals(ahead.done, false);
  queue.publishNowait(10);
  run();
  assertEquals(ahead.result, [10]);
  assertInstanceOf(read("back", { from: NaN }).error, RangeError);
  assertEmpty();
});

test("a fetch that is cancelled or times out loses no message", () => {
  const { queue, subscribe, read, run, assertEmpty } = newsroom();
  subscribe("a");
  const late = read("a", { timeout: 1 });
  run(1000);
  const cancelled = read("a");
  cancelled.cancel();
  assertEquals(queue.waiting, 0);
  queue.publishNowait(1);
  run();
  assertInstanceOf(late.error, OperationTimeout);
  assertEquals(cancelled.state, "cancelled");
  assertEquals(read("a").result, [1]);
  assertEmpty();
});

test("wait: publish waits for the slowest subscriber, in order of arrival, and can time out", () => {
  const { queue, subscribe, read, scheduler, run, assertEmpty } = newsroom({ capacity: 2 });
  subscribe("a");
  const publishers = [0, 1, 2, 3].map((n) => scheduler.add(publish<number>, queue, n));
  const hasty = scheduler.add(publish<number>, queue, 9, 1);
  run(1000);
  assertEquals(publishers.map((task) => task.result), [0, 1, undefined, undefined]);
  assertInstanceOf(hasty.error, OperationTimeout);
  assertThrows(() => queue.publishNowait(5), Full, "holds 2");
  assertEquals(read("a").result, [0, 1]);
  assertEquals(publishers.map((task) => task.result), [0, 1, 2, 3]);
  assertEquals([read("a").result, queue.waiting], [[2, 3], 0]);
  assertEmpty();
});

test("wait: publish goes on when the slowest subscription ends", () => {
  const { queue, subscribe, scheduler, run, assertEmpty } = newsroom({ capacity: 1 });
  subscribe("a");
  queue.publishNowait(0);
  const publisher = scheduler.add(publish<number>, queue, 1);
  run();
  assertEquals(publisher.done, false);
  scheduler.add(function* () {
    yield* queue.unsubscribe("a");
  });
  run();
  assertEquals(publisher.result, 1);
  assertEmpty();
});

test("drop-oldest: only slow subscribers miss the oldest messages", () => {
  const { queue, subscribe, read, assertEmpty } = newsroom({
    capacity: 3,
    slowConsumer: "drop-oldest",
  });
  subscribe("slow");
  subscribe("quick");
  const quick: number[] = [];
  for (let n = 0; n < 100; n++) {
    queue.publishNowait(n);
    quick.push(...read("quick").result ?? []);
  }
  assertEquals(quick, Array.from({ length: 100 }, (_, n) => n));
  assertEquals(read("slow").result, [97, 98, 99]);
  assertEquals([queue.compact(), queue.compact()], [3, 0]);
  assertEquals(queue.size, 0);
  assertEmpty();
});

test("drop-newest: a message that does not fit is dropped, and publish gives -1", () => {
  const { queue, subscribe, read, scheduler, run, assertEmpty } = newsroom({
    capacity: 2,
    slowConsumer: "drop-newest",
  });
  subscribe("slow");
  assertEquals([0, 1, 2].map((n) => queue.publishNowait(n)), [0, 1, -1]);
  const dropped = scheduler.add(publish<number>, queue, 3);
  run();
  assertEquals(dropped.result, -1);
  assertEquals(read("slow").result, [0, 1]);
  assertEquals(queue.publishNowait(4), 2);
  assertEmpty();
});

test("disconnect: the next fetch of a slow subscriber throws NotSubscribed, and its key can subscribe again", () => {
  const { queue, subscribe, read, assertEmpty } = newsroom({
    capacity: 2,
    slowConsumer: "disconnect",
  });
  subscribe("slow");
  subscribe("quick");
  for (let n = 0; n < 3; n++) {
    queue.publishNowait(n);
    read("quick");
  }
  const told = read("slow").error;
  assertInstanceOf(told, NotSubscribed);
  assertEquals(
    told.message,
    "Cannot fetch: the subscription has ended because the subscriber reads too slowly",
  );
  assertEquals(queue.subscribers, 1);
  subscribe("slow");
  assertEquals(read("slow").result, [1, 2]);
  queue.compact();
  assertEquals(queue.size, 0);
  assertEmpty();
});

test("a lease expires without a fetch, but not while a fetch is pending", () => {
  const { queue, subscribe, read, run, assertEmpty } = newsroom({ lease: 10 });
  subscribe("vanished");
  subscribe("patient");
  const patient = read("patient");
  run(10_000);
  queue.publishNowait(1);
  run();
  assertEquals([patient.result, queue.subscribers], [[1], 1]);
  assertInstanceOf(read("vanished").error, NotSubscribed);
  queue.compact();
  assertEquals(queue.size, 0);
  assertEmpty();
});

test("a waiting publish goes on when the lease of the slowest subscriber expires", () => {
  const { queue, subscribe, scheduler, run, assertEmpty } = newsroom({ capacity: 1, lease: 10 });
  subscribe("vanished");
  queue.publishNowait(0);
  const publisher = scheduler.add(publish<number>, queue, 1);
  const other = scheduler.add(publish<number>, queue, 2);
  run(9_999);
  assertEquals(publisher.done, false);
  other.cancel();
  run(1);
  assertEquals(publisher.result, 1);
  assertEmpty();
});

test("unsubscribing ends the pending fetch with NotSubscribed", () => {
  const { queue, subscribe, read, scheduler, run, assertEmpty } = newsroom();
  subscribe("a");
  const reader = read("a");
  assertInstanceOf(read("a").error, TypeError);
  scheduler.add(function* () {
    yield* queue.unsubscribe("a");
  });
  run();
  assertInstanceOf(reader.error, NotSubscribed);
  assertInstanceOf(read("a").error, NotSubscribed);
  assertEmpty();
});

test("after closing, subscribers read the rest and then get QueueClosed", () => {
  const { queue, subscribe, read, scheduler, run, assertEmpty } = newsroom({ capacity: 1 });
  subscribe("a");
  subscribe("b");
  queue.publishNowait(1);
  read("a");
  const waiting = read("a");
  const publisher = scheduler.add(publish<number>, queue, 2);
  run();
  queue.close();
  run();
  assertInstanceOf(waiting.error, QueueClosed);
  assertInstanceOf(publisher.error, QueueClosed);
  assertEquals(read("b").result, [1]);
  assertInstanceOf(read("b").error, QueueClosed);
  assertThrows(() => queue.publishNowait(3), QueueClosed);
  assertEquals(queue.waiting, 0);
  assertEmpty();
});

test("for await reads every message until the queue is closed", async () => {
  const { queue, scheduler, run, assertEmpty } = newsroom();
  queue.publishNowait(0);
  const seen: number[] = [];
  const reading = (async () => {
    for await (const message of queue.values(scheduler)) seen.push(message);
  })();
  await promisesSettle();
  for (const message of [1, 2]) {
    queue.publishNowait(message);
    run();
    await promisesSettle();
  }
  queue.close();
  for (let turn = 0; turn < 5; turn++) {
    run();
    await promisesSettle();
  }
  await reading;
  assertEquals([seen, queue.subscribers], [[0, 1, 2], 0]);
  assertEmpty();
});

test("leaving a for await loop unsubscribes", async () => {
  const { queue, scheduler, run, assertEmpty } = newsroom();
  const view = queue.values(scheduler);
  assertEquals(queue.subscribers, 1);
  const pending = view.next();
  await view.return?.();
  run();
  assertEquals((await pending).done, true);
  assertEquals([queue.subscribers, queue.waiting], [0, 0]);
  assertEmpty();
});

test("a capacity or a limit below 1 is a RangeError", () => {
  for (const capacity of [0, -1, NaN]) {
    assertThrows(() => new PublishSubscribeQueue({ capacity }), RangeError, "1 or more");
  }
  const { subscribe, read } = newsroom();
  subscribe("a");
  assertInstanceOf(read("a", { limit: 0 }).error, RangeError);
});
