import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  Call,
  type Coroutine,
  PublishSubscribeQueue,
  Queue,
  race,
  Semaphore,
  Sleep,
  WaitForSignal,
} from "../../../src/coroutine/mod.ts";
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

function immediate(): number {
  return 7;
}

/** Each kind of value that a called function may give, and the result of the call. */
const CALLED: readonly (readonly [kind: string, fn: () => unknown, result: unknown])[] = [
  ["a coroutine", () => later("coroutine"), "coroutine"],
  ["an operation", () => Call(later, "operation"), "operation"],
  ["a promise", () => Promise.resolve("promise"), "promise"],
  ["an async function's promise", async () => await Promise.resolve("async"), "async"],
  ["a plain value", immediate, 7],
  ["nothing", () => {}, undefined],
  ["an array", () => [1], [1]],
  ["a string", () => "text", "text"],
];

for (const [kind, fn, result] of CALLED) {
  test(`Call takes a function that gives ${kind}, after yield* and after yield`, async () => {
    const { scheduler, run, errors, assertEmpty } = stage();
    const task = scheduler.add(function* (): Generator<unknown, unknown[], unknown> {
      return [yield* Call(fn), yield Call(fn)];
    });
    for (let i = 0; i < 4; i++) {
      run(1000);
      await Promise.resolve();
      await Promise.resolve();
    }
    run();
    assertEquals([task.result, errors], [[result, result], []]);
    assertEmpty();
  });
}

test("Call throws the error of a function of any kind at the yield", async () => {
  const { scheduler, run, assertEmpty } = stage();
  const failing: (() => unknown)[] = [
    () => {
      throw new Error("plain");
    },
    () => Promise.reject(new Error("promise")),
    () => WaitForSignal("never", { timeout: 1 }),
  ];
  const task = scheduler.add(function* (): Generator<unknown, unknown[], unknown> {
    const seen: unknown[] = [];
    for (const fn of failing) {
      try {
        yield Call(fn);
      } catch (error) {
        seen.push((error as Error).message);
      }
    }
    return seen;
  });
  for (let i = 0; i < 4; i++) {
    run(1000);
    await Promise.resolve();
    await Promise.resolve();
  }
  assertEquals(task.result, ["plain", "promise", 'WaitForSignal("never") timed out']);
  assertEmpty();
});

test("methods of queues and semaphores work without their object", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<number>();
  const news = new PublishSubscribeQueue<string>();
  const semaphore = new Semaphore();
  const task = scheduler.add(function* (): Generator<unknown, unknown[], unknown> {
    yield Call(queue.put, 1);
    const item: number = yield* Call(queue.get, { timeout: 1 });
    yield Call(queue.putNowait, 2);
    const left = yield Call(queue.getNowait);
    yield Call(queue.taskDone);
    yield* Call(queue.taskDone);
    yield Call(queue.join);
    yield* Call(news.subscribe);
    const index: number = yield* Call(news.publish, "hi");
    const messages: string[] = yield* Call(news.fetch);
    yield Call(semaphore.acquire);
    const free = semaphore.available;
    yield Call(semaphore.release);
    return [item, left, index, messages, free, semaphore.available, yield Call(news.unsubscribe)];
  });
  run();
  assertEquals([task.error, task.result], [undefined, [1, 2, 0, ["hi"], 0, 1, true]]);
  assertEmpty();
});

test("a Call that is aborted aborts the operation: the item stays in the queue", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<number>();
  const task = scheduler.add(function* () {
    return yield* race([Call(queue.get), Sleep(1)]);
  });
  run(1000);
  assertEquals([task.state, queue.waiting], ["returned", 0]);
  queue.putNowait(1);
  assertEquals(queue.size, 1);
  assertEmpty();
});

test("Call refuses a value that is no function", () => {
  const fn = later("early") as unknown as () => Coroutine<string>;
  assertThrows(() => Call(fn), TypeError, "Cannot call a Generator: expected a function");
});
