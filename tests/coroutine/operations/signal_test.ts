/** `Signal` and `WaitForSignal`, and the `SignalBoard` behind them. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  all,
  type Coroutine,
  OperationTimeout,
  Signal,
  type SignalOptions,
  WaitForSignal,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";
import { crowdOf } from "../../support/shares.ts";

function* wait(name: unknown, timeout = -1): Coroutine<unknown> {
  return yield* WaitForSignal(name, { timeout }) as Iterable<unknown>;
}

function* send(name: unknown, value?: unknown, options: SignalOptions = {}): Coroutine<number> {
  return (yield Signal(name, value, options)) as number;
}

test("a signal wakes all waiters for its name, and gives their number", () => {
  const { scheduler, run, assertEmpty } = stage();
  const waiters = [1, 2, 3].map(() => scheduler.add(wait, "abc"));
  const other = scheduler.add(wait, "other");
  const signal = scheduler.add(send, "abc", "hi");
  run();
  assertEquals(signal.result, 3);
  assertEquals(waiters.map((task) => task.result), ["hi", "hi", "hi"]);
  assertEquals(other.done, false);
  other.cancel();
  run();
  assertEmpty();
});

test("a signal without waiters wakes none, and is not kept for later ones", () => {
  const { scheduler, run, assertEmpty } = stage();
  const signal = scheduler.add(send, "abc");
  run();
  const late = scheduler.add(wait, "abc", 1);
  run(1000);
  assertEquals(signal.result, 0);
  assertInstanceOf(late.error, OperationTimeout);
  assertEmpty();
});

test("a wait that times out names its signal in the error, and is no longer counted", () => {
  const { scheduler, run, assertEmpty } = stage();
  const waiter = scheduler.add(wait, "abc", 5);
  run(4999);
  assertEquals(waiter.done, false);
  run(1);
  assertInstanceOf(waiter.error, OperationTimeout);
  assertEquals(waiter.error.message, 'WaitForSignal("abc") timed out');
  assertEquals(waiter.error.operation.name, 'WaitForSignal("abc")');
  assertEquals(scheduler.stats().signals, 0);
  assertEmpty();
});

test("the scheduler's default timeout holds for a wait without one, and -1 means no timeout", () => {
  const { scheduler, run, errors } = stage({ defaultTimeout: 1 });
  const hasty = scheduler.add(function* () {
    return yield* WaitForSignal("abc");
  });
  const patient = scheduler.add(wait, "abc", -1);
  run(1_000_000);
  assertInstanceOf(hasty.error, OperationTimeout);
  assertEquals(errors, [hasty.error]);
  assertEquals(patient.done, false);
});

test("a signal with recipients waits for enough waiters, and wakes exactly those that have waited longest", () => {
  const { scheduler, run, assertEmpty } = stage();
  const signal = scheduler.add(send, "abc", "hi", { recipients: 2 });
  const first = scheduler.add(wait, "abc");
  run();
  assertEquals([signal.done, first.done], [false, false]);
  const second = scheduler.add(wait, "abc");
  const third = scheduler.add(wait, "abc", 1);
  run();
  assertEquals([signal.result, first.result, second.result], [2, "hi", "hi"]);
  assertEquals(third.done, false);
  run(1000);
  assertEmpty();
});

test("pending signals of one name are served in order", () => {
  const { scheduler, run, assertEmpty } = stage();
  const signals = ["a", "b", "c"].map((value) =>
    scheduler.add(send, "abc", value, { recipients: 1 })
  );
  run();
  const waiters = [1, 2, 3].map(() => scheduler.add(wait, "abc"));
  run();
  assertEquals(waiters.map((task) => task.result), ["a", "b", "c"]);
  assertEquals(signals.map((task) => task.result), [1, 1, 1]);
  assertEmpty();
});

test("cancelling a pending signal lets the next one be served", () => {
  const { scheduler, run, assertEmpty } = stage();
  const greedy = scheduler.add(send, "abc", "greedy", { recipients: 5 });
  const modest = scheduler.add(send, "abc", "modest", { recipients: 1 });
  const waiter = scheduler.add(wait, "abc");
  run();
  assertEquals(waiter.done, false);
  greedy.cancel();
  run();
  assertEquals([waiter.result, modest.result], ["modest", 1]);
  assertEmpty();
});

test("a pending signal can time out", () => {
  const { scheduler, run, assertEmpty } = stage();
  const signal = scheduler.add(send, "abc", 1, { recipients: 1, timeout: 1 });
  run(1000);
  assertInstanceOf(signal.error, OperationTimeout);
  assertEmpty();
});

test("recipients that are not a whole number are a RangeError", () => {
  for (const recipients of [-1, 1.5, NaN]) {
    assertThrows(() => Signal("abc", 1, { recipients }), RangeError, "recipients");
  }
});

test("a name can be any value", () => {
  const { scheduler, run, assertEmpty } = stage();
  const name = { an: "object" };
  const waiter = scheduler.add(wait, name);
  const symbol = scheduler.add(wait, Symbol.iterator);
  scheduler.add(send, name, 1);
  scheduler.add(send, Symbol.iterator, 2);
  run();
  assertEquals([waiter.result, symbol.result], [1, 2]);
  assertEmpty();
});

test("one signal wakes a crowd of waiters in order, after as many others left the list without a search", () => {
  const half = crowdOf(50_000);
  const { scheduler, run, assertEmpty } = stage({ quantum: 3600 });
  const order: number[] = [];
  function* waiter(n: number): Coroutine<void> {
    yield WaitForSignal("abc", { timeout: 60 });
    order.push(n);
  }
  const tasks = Array.from({ length: 2 * half }, (_, n) => scheduler.add(waiter, n));
  run();
  for (let n = 0; n < tasks.length; n += 2) tasks[n]?.cancel();
  run();
  const signal = scheduler.add(send, "abc");
  run();
  assertEquals(signal.result, half);
  assertEquals(order.length, half);
  assert(order.every((n, place) => n === 2 * place + 1));
  assertEmpty();
});

test("a signal with recipients does not count a waiter that is being cancelled", () => {
  const { scheduler, run, assertEmpty } = stage();
  const both = scheduler.add(function* () {
    yield* all([Signal("abc", "own", { recipients: 2 }), WaitForSignal("abc")]);
  });
  const next = scheduler.add(send, "abc", "next", { recipients: 1 });
  run();
  both.cancel();
  run();
  assertEquals(next.done, false);
  const waiter = scheduler.add(wait, "abc");
  run();
  assertEquals([next.result, waiter.result], [1, "next"]);
  assertEmpty();
});
