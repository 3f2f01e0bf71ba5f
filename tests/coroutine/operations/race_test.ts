/** `race`, and the branches of `branch.ts`, which `all` and `timeout` use as well. */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  all,
  allSettled,
  Call,
  type Operation,
  operation,
  OperationTimeout,
  Queue,
  race,
  type Resume,
  Signal,
  Sleep,
  type Task,
  WaitForSignal,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";
import { later } from "./later.ts";

test("race gives the first value and aborts the other operations", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  const task = scheduler.add(function* () {
    return yield* race([
      Call(later<string>, 3, "slow", log),
      Call(later<string>, 1, "quick", log),
      WaitForSignal<string>("never", { timeout: 60 }),
    ]);
  });
  run(1000);
  assertEquals(task.result, "quick");
  assertEquals(log, ["quick ended", "slow ended"]);
  assertEmpty();
});

test("the first error ends a race, also the timeout of one of its operations", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    yield* race([Sleep(2), WaitForSignal("never", { timeout: 1 })]);
  });
  run(1000);
  assertInstanceOf(task.error, OperationTimeout);
  assertEquals(task.error.message, 'WaitForSignal("never") timed out');
  assertEmpty();
});

test("an operation that loses a race takes no item", () => {
  const { scheduler, run, assertEmpty } = stage();
  const one = new Queue<string>(), other = new Queue<string>();
  one.putNowait("one");
  other.putNowait("other");
  const task = scheduler.add(function* () {
    return yield* race([one.get(), other.get()]);
  });
  run();
  assertEquals([task.result, one.size, other.size], ["one", 0, 1]);
  assertEmpty();
});

test("room that a losing put gives back does not go to another put of the same race", () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<string>(1);
  queue.putNowait("full");
  const task = scheduler.add(function* () {
    return yield* race([queue.put("a"), queue.put("b"), Sleep(1)]);
  });
  run(1000);
  assertEquals([task.state, queue.waiting, queue.getNowait()], ["returned", 0, "full"]);
  assertEquals(queue.empty, true);
  assertEmpty();
});

test("an operation that ends the race while the next one starts leaves no wait behind", () => {
  const { scheduler, run, assertEmpty } = stage();
  let aborted = 0;
  const task = scheduler.add(function* () {
    const waiters: Resume<string>[] = [];
    const waits = operation<string>((resume) => void waiters.push(resume));
    const wakes = operation<string>(() => {
      waiters[0]?.value("woken");
      return () => aborted++;
    });
    return yield* race([waits, wakes]);
  });
  run();
  assertEquals([task.result, aborted], ["woken", 1]);
  assertEmpty();
});

test("a list of operations that ends a wait around it while it starts leaves no wait behind", () => {
  const { scheduler, run, assertEmpty } = stage();
  for (const list of [race, all, allSettled]) {
    const queue = new Queue<string>();
    const started = list([queue.get(), Signal("wake", "woken"), queue.get()]);
    const task = scheduler.add(function* () {
      return yield* race<readonly Operation<unknown>[]>([WaitForSignal("wake"), started]);
    });
    run();
    assertEquals([task.result, queue.waiting], ["woken", 0]);
  }
  assertEmpty();
});

test("a coroutine that is cancelled by its own operation leaves no wait behind", () => {
  const { scheduler, run, assertEmpty } = stage();
  let aborted = 0;
  const task: Task<void> = scheduler.add(function* () {
    yield* operation<void>(() => {
      task.cancel();
      return () => aborted++;
    });
  });
  run();
  assertEquals([task.state, aborted], ["cancelled", 1]);
  assertEmpty();
});

test("cancelling a race aborts all its operations", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  const queue = new Queue<string>();
  const task = scheduler.add(function* () {
    yield* race([queue.get(), Call(later<string>, 3, "call", log), WaitForSignal("never")]);
  });
  run();
  task.cancel();
  run();
  assertEquals([task.state, queue.waiting], ["cancelled", 0]);
  assertEquals(log, ["call ended"]);
  assertEmpty();
});

test("an error in the abort of a losing operation goes to onError and changes nothing else", () => {
  const { scheduler, run, errors, assertEmpty } = stage();
  const bad = operation<never>(() => () => {
    throw new Error("bad abort");
  });
  const log: string[] = [];
  const task = scheduler.add(function* () {
    return yield* race([bad, Call(later<string>, 9, "other", log), Sleep(1)]);
  });
  run(1000);
  assertEquals(task.state, "returned");
  assertEquals(log, ["other ended"]);
  assertEquals(errors.map(String), ["Error: bad abort"]);
  assertEmpty();
});

test("a race of an empty list is a TypeError", () => {
  assertThrows(() => race([]), TypeError, "race an empty list");
});

test("an untyped yield performs a race as well", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    return (yield race([Signal("nobody", 1), Sleep(1)])) as number;
  });
  run();
  assertEquals(task.result, 0);
  assertEmpty();
});
