import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  all,
  allSettled,
  Call,
  type Coroutine,
  fromCallback,
  operation,
  OperationTimeout,
  Queue,
  race,
  type Resume,
  Signal,
  Sleep,
  type Task,
  TaskCancelled,
  timeout,
  until,
  WaitForSignal,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";

function* later<T>(seconds: number, value: T, log: string[] = []): Coroutine<T> {
  try {
    yield* Sleep(seconds);
    return value;
  } finally {
    log.push(`${value} ended`);
  }
}

test("a race gives the first value and ends the others", () => {
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

test("a race is decided by an error as well, and by a contender's own timeout", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    yield* race([Sleep(2), WaitForSignal("never", { timeout: 1 })]);
  });
  run(1000);
  assertInstanceOf(task.error, OperationTimeout);
  assertEquals(task.error.message, 'WaitForSignal("never") timed out');
  assertEmpty();
});

test("the loser of a race takes nothing", () => {
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

test("what a loser gives back goes to no other contender of the same race", () => {
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

test("a contender that decides the race while another starts leaves nothing behind", () => {
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

test("a coroutine that is cancelled by its own operation leaves nothing behind", () => {
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

test("a cancelled race ends all contenders", () => {
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

test("an error while a loser is undone is reported, and spoils nothing", () => {
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

test("a race of nothing is refused", () => {
  assertThrows(() => race([]), TypeError, "race no operations");
});

test("all gives the values in the order of the operations", async () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    const [a, b, c] = yield* all([
      Call(later<string>, 3, "a"),
      Call(later<number>, 1, 2),
      until(Promise.resolve(true)),
    ]);
    return [a satisfies string, b satisfies number, c satisfies boolean];
  });
  run(3000);
  assertEquals(task.done, false);
  await Promise.resolve();
  run();
  assertEquals(task.result, ["a", 2, true]);
  assertEmpty();
});

test("all fails with the first error and ends the others", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  const task = scheduler.add(function* () {
    yield* all([Call(later<string>, 9, "slow", log), WaitForSignal("never", { timeout: 1 })]);
  });
  run(1000);
  assertInstanceOf(task.error, OperationTimeout);
  assertEquals(log, ["slow ended"]);
  assertEmpty();
});

test("all and allSettled of nothing go on at once", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    return [yield* all([]), yield* allSettled([])];
  });
  run();
  assertEquals(task.result, [[], []]);
  assertEmpty();
});

test("allSettled tells how each ended", () => {
  const { scheduler, run, assertEmpty } = stage();
  const cancelled = scheduler.add(later<string>, 9, "never");
  const task = scheduler.add(function* () {
    return yield* allSettled([
      Call(later<string>, 1, "a"),
      WaitForSignal("never", { timeout: 2 }),
      operation<never>(() => {
        throw new Error("start");
      }),
    ]);
  });
  run(2000);
  const [value, timedOut, failed] = task.result ?? [];
  assertEquals(value, { status: "fulfilled", value: "a" });
  assert(timedOut?.status === "rejected");
  assertInstanceOf(timedOut.reason, OperationTimeout);
  assert(failed?.status === "rejected");
  assertEquals(String(failed.reason), "Error: start");
  cancelled.cancel();
  run();
  assertInstanceOf(cancelled.error, TaskCancelled);
  assertEmpty();
});

test("a timeout ends the operation, names it, and spares what is in time", () => {
  const { scheduler, run, assertEmpty } = stage();
  const log: string[] = [];
  const late = scheduler.add(function* () {
    yield* timeout(Call(later<string>, 2, "late", log), 1);
  });
  const early = scheduler.add(function* () {
    return yield* timeout(Call(later<string>, 0.5, "early", log), { seconds: 1 });
  });
  run(1000);
  assertInstanceOf(late.error, OperationTimeout);
  assertEquals(late.error.message, "Call(later) timed out");
  assertEquals([early.result, log], ["early", ["early ended", "late ended"]]);
  assertEmpty();
});

test("of two timeouts, one inside the other, the shorter one counts", () => {
  const { scheduler, run, assertEmpty } = stage();
  const outer = scheduler.add(function* () {
    yield* timeout(WaitForSignal("never", { timeout: 5 }), 1);
  });
  const inner = scheduler.add(function* () {
    yield* timeout(timeout(WaitForSignal("never", { timeout: 1 }), 3), 5);
  });
  run(1000);
  assertInstanceOf(outer.error, OperationTimeout);
  assertInstanceOf(inner.error, OperationTimeout);
  assertEmpty();
});

test("a weak timeout starts anew with the activity of what is inside", () => {
  const { scheduler, run, assertEmpty } = stage();
  let progress: Resume<void> | undefined;
  const slow = operation<void>((resume) => void (progress = resume), "slow");
  const weak = scheduler.add(function* () {
    yield* timeout(race([slow, WaitForSignal("never")]), 1, { weakTimeout: true });
  });
  run(999);
  progress?.active();
  run(999);
  assertEquals(weak.done, false);
  run(1);
  assertInstanceOf(weak.error, OperationTimeout);
  assertEmpty();
});

test("a callback ends the wait once, and giving up calls off the work", () => {
  const { scheduler, run, assertEmpty } = stage();
  let callOff = 0;
  const answer = scheduler.add(function* () {
    return yield* fromCallback<number>((done) => {
      done(undefined, 1);
      done(null, 2);
      done(new Error("late"));
    });
  });
  const failure = scheduler.add(function* () {
    yield* fromCallback((done) => done(new Error("failed")));
  });
  const given = scheduler.add(function* () {
    yield* timeout(fromCallback(() => () => callOff++), 1);
  });
  run(1000);
  assertEquals(answer.result, 1);
  assertEquals(String(failure.error), "Error: failed");
  assertInstanceOf(given.error, OperationTimeout);
  assertEquals(callOff, 1);
  assertEmpty();
});

test("an untyped yield takes combinators as well", () => {
  const { scheduler, run, assertEmpty } = stage();
  const task = scheduler.add(function* () {
    return (yield race([Signal("nobody", 1), Sleep(1)])) as number;
  });
  run();
  assertEquals(task.result, 0);
  assertEmpty();
});
