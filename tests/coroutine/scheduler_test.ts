import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  AddCoro,
  type Clock,
  type Coroutine,
  Join,
  ManualClock,
  operation,
  Queue,
  Scheduler,
  Signal,
  Sleep,
  WaitForSignal,
} from "../../src/coroutine/mod.ts";
import { start } from "../../src/coroutine/internal.ts";
import { stage } from "../support/scheduling.ts";

test("a turn runs only the coroutines that are ready when it starts", () => {
  const { scheduler } = stage();
  const seen: string[] = [];
  scheduler.add(function* () {
    seen.push("first");
    scheduler.add(function* () {
      seen.push("newcomer");
    });
    yield;
    seen.push("first again");
  });
  assertEquals(scheduler.step(), true);
  assertEquals(seen, ["first"]);
  scheduler.step();
  assertEquals(seen, ["first", "newcomer", "first again"]);
});

/** A clock on which each step of a coroutine that calls `work` takes time. */
class WorkClock extends ManualClock {
  worked = 0;

  override now(): number {
    return super.now() + this.worked;
  }

  work(milliseconds: number): void {
    this.worked += milliseconds;
  }
}

function workStage(): { clock: WorkClock; scheduler: Scheduler } {
  const clock = new WorkClock();
  return { clock, scheduler: new Scheduler({ clock, quantum: { milliseconds: 10 } }) };
}

test("a quantum bounds a turn", () => {
  const { clock, scheduler } = workStage();
  let steps = 0;
  for (let i = 0; i < 10; i++) {
    scheduler.add(function* () {
      steps++;
      clock.work(4);
    });
  }
  scheduler.step();
  assertEquals(steps, 3);
  assertEquals(scheduler.stats().ready, 7);
});

/** A clock with microtasks, which run only when the test tells them to. */
class MicrotaskClock extends WorkClock {
  readonly microtasks: (() => void)[] = [];

  soon(turn: () => void): void {
    this.microtasks.push(turn);
  }
}

/**
 * A coroutine that code outside wakes again and again. Each of its steps takes `cost` milliseconds.
 */
function wokenStage(cost: number): { clock: MicrotaskClock; wake: () => boolean } {
  const clock = new MicrotaskClock();
  const scheduler = new Scheduler({ clock, quantum: { milliseconds: 10 } });
  let resume = () => {};
  start(scheduler, function* () {
    for (;;) {
      yield* operation<void>((waiting) => void (resume = () => waiting.value()), "woken");
      clock.work(cost);
    }
  });
  const wake = () => {
    resume();
    const microtask = clock.microtasks.shift();
    microtask?.();
    return microtask !== undefined;
  };
  return { clock, wake };
}

test("a wake from outside is served in a microtask, 64 times before the host must poll", () => {
  const { clock, wake } = wokenStage(0);
  const served = Array.from({ length: 65 }, wake);
  assertEquals(served.filter(Boolean).length, 64);
  assertEquals(clock.idle, false);
  clock.turn();
  assertEquals(wake(), true);
});

test("after a microtask that takes a quantum the host must poll at once", () => {
  const { wake } = wokenStage(10);
  assertEquals([wake(), wake()], [true, false]);
});

test("after several microtasks that take a quantum together the host must poll", () => {
  const { clock, wake } = wokenStage(3);
  assertEquals([wake(), wake(), wake(), wake(), wake()], [true, true, true, true, false]);
  clock.turn();
  assertEquals([wake(), wake()], [true, true]);
});

test("the coroutine with the least time used goes first", () => {
  const { clock, scheduler } = workStage();
  const seen: string[] = [];
  function* worker(name: string, cost: number): Coroutine<void> {
    for (;;) {
      seen.push(name);
      clock.work(cost);
      yield;
    }
  }
  for (let i = 0; i < 50; i++) scheduler.add(worker, "long", 20);
  for (let turn = 0; turn < 120; turn++) scheduler.step();
  seen.length = 0;
  scheduler.add(worker, "short", 0.1);
  for (let turn = 0; turn < 4; turn++) scheduler.step();
  assert(seen.indexOf("short") >= 0 && seen.indexOf("short") <= 2, seen.join(" "));
});

test("an old coroutine does not starve while new ones keep coming", () => {
  const { clock, scheduler } = workStage();
  let old = 0;
  scheduler.add(function* () {
    for (;;) {
      old++;
      clock.work(1000);
      yield;
    }
  });
  scheduler.step();
  scheduler.step();
  old = 0;
  scheduler.add(function* spawner() {
    for (;;) {
      scheduler.add(function* () {
        clock.work(5);
      });
      yield;
    }
  });
  for (let turn = 0; turn < 100; turn++) scheduler.step();
  assert(old >= 5, `the old one ran ${old} times`);
});

test("several schedulers live side by side", () => {
  const one = stage(), other = stage();
  const first = one.scheduler.add(function* () {
    yield* Sleep(1);
    return 1;
  });
  const second = other.scheduler.add(function* () {
    yield* Sleep(1);
    return 2;
  });
  one.run(1000);
  assertEquals([first.result, second.result], [1, undefined]);
  other.run(1000);
  assertEquals(second.result, 2);
  one.assertEmpty();
  other.assertEmpty();
});

test("start runs the first step at once, also inside another step, which then goes on", () => {
  const { scheduler, run, assertEmpty } = stage();
  const seen: unknown[] = [];
  const note = () => seen.push(scheduler.current?.name);
  start(scheduler, function* outer() {
    note();
    const task = start(scheduler, function* inner() {
      note();
      seen.push(yield* WaitForSignal("bell"));
    });
    note();
    seen.push(task.state, task.parent?.name);
    yield* Signal("bell", "rung");
  });
  assertEquals(seen, ["outer", "inner", "outer", "waiting", "outer"]);
  run();
  assertEquals(seen.at(-1), "rung");
  assertEmpty();
});

test("run resolves when no task is left, shutdown when all tasks are cancelled", async () => {
  const { scheduler, run, assertEmpty } = stage();
  await scheduler.run();
  let cleaned = 0;
  for (let i = 0; i < 3; i++) {
    scheduler.add(function* () {
      try {
        yield* Sleep(60);
      } finally {
        yield* Sleep(1);
        cleaned++;
      }
    });
  }
  run();
  const ended = scheduler.shutdown();
  run(1000);
  await ended;
  assertEquals(cleaned, 3);
  assertEmpty();
});

test("adding a function that returns no coroutine is a TypeError", () => {
  const { scheduler } = stage();
  assertThrows(
    () => scheduler.add((() => 42) as unknown as () => Coroutine<void>),
    TypeError,
    "expected a generator function",
  );
  assertEquals(scheduler.stats().tasks, 0);
});

test("a function that gives an operation or a promise is added as a coroutine", async () => {
  const { scheduler, run, assertEmpty } = stage();
  const queue = new Queue<number>();
  const getter = scheduler.add(queue.get, { timeout: 5 });
  const promised = scheduler.add(async () => await Promise.resolve("async"));
  const adder = scheduler.add(function* () {
    const child = yield* AddCoro(queue.put, 42);
    return yield* Join(child);
  });
  run();
  await Promise.resolve();
  await Promise.resolve();
  run();
  assertEquals([getter.name, getter.result, promised.result], ["get", 42, "async"]);
  assertEquals(adder.state, "returned");
  assertEmpty();
});

test("an async generator cannot be added: a TypeError, and no endless loop", () => {
  const { scheduler } = stage();
  const endless = (async function* () {
    yield await Promise.resolve("");
  }) as unknown as () => Coroutine<void>;
  assertThrows(() => scheduler.add(endless), TypeError, "expected a generator function");
});

test("a coroutine in place of its function cannot be added: a TypeError", () => {
  const { scheduler } = stage();
  const called = (function* () {})() as unknown as () => Coroutine<void>;
  assertThrows(() => scheduler.add(called), TypeError, "expected a generator function, not called");
});

test("a turn inside a turn is a TypeError", () => {
  const { scheduler, run, errors } = stage();
  scheduler.add(function* () {
    scheduler.step();
  });
  run();
  assert(errors[0] instanceof TypeError);
});

test("a million turns of one coroutine fill neither the stack nor the queue", () => {
  const { scheduler } = stage();
  let steps = 0;
  scheduler.add(function* () {
    while (++steps < 1_000_000) yield;
  });
  while (scheduler.step());
  assertEquals(steps, 1_000_000);
  assertEquals(scheduler.stats().ready, 0);
});

test("the host timer is set only for the earliest deadline", () => {
  const { clock, scheduler, run, assertEmpty } = stage();
  const timers: number[] = [];
  const setTimer = clock.setTimer.bind(clock);
  clock.setTimer = (delay, turn) => {
    timers.push(delay);
    return setTimer(delay, turn);
  };
  for (let seconds = 1; seconds <= 100; seconds++) {
    scheduler.add(function* () {
      yield* Sleep(seconds);
    });
  }
  run();
  assertEquals(timers, [1000]);
  run(100_000);
  assertEmpty();
});

test("timers beside a coroutine that is always ready add no turns of the host's event loop", () => {
  const turns: (() => void)[] = [];
  const timers: (() => void)[] = [];
  let time = 0;
  const clock: Clock = {
    now: () => time += 0.01,
    defer: (turn) => void turns.push(turn),
    setTimer(_delay, turn) {
      timers.push(turn);
      return () => {};
    },
  };
  const scheduler = new Scheduler({ clock });
  let sleeps = 0;
  scheduler.add(function* () {
    for (;;) yield;
  });
  scheduler.add(function* () {
    for (;; sleeps++) yield* Sleep({ milliseconds: 1 });
  });
  for (let round = 0; round < 100; round++) {
    time += 2;
    for (const timer of timers.splice(0)) timer();
    // A second chain of turns would never end, and each of its turns takes a quantum.
    assertEquals(turns.length, 1);
    for (const turn of turns.splice(0)) turn();
  }
  assert(sleeps >= 50, String(sleeps));
});

test("an error that is not joined is logged once, with the chain, and stops nothing", () => {
  const lines: string[] = [];
  const { scheduler, clock } = logging((line) => lines.push(line));
  scheduler.add(function* parent() {
    scheduler.add(function* child() {
      throw new Error("lost");
    });
  });
  const other = scheduler.add(function* () {
    yield* Sleep(1);
    return "done";
  });
  clock.advance(1000);
  assertEquals(other.result, "done");
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0] as string, "Coroutine child, added by parent, failed: Error: lost");
});

test("any thrown value, and a log that throws, leave the scheduler running", () => {
  const lines: string[] = [];
  const { scheduler, clock } = logging((line) => {
    lines.push(line);
    throw new Error("disk full");
  });
  for (const thrown of [undefined, null, "text", Object.create(null), Symbol("s")]) {
    scheduler.add(function* odd() {
      throw thrown;
    });
  }
  clock.advance(0);
  assertEquals(lines.length, 5);
  assertEquals(scheduler.stats().tasks, 0);
});

test("an onError that throws is logged with the error that it was given", () => {
  const lines: string[] = [];
  const clock = new ManualClock();
  const onError = () => {
    throw new Error("own");
  };
  const scheduler = new Scheduler({ clock, onError, log: (line) => lines.push(line) });
  scheduler.add(function* child() {
    throw new Error("first");
  });
  clock.advance(0);
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0] as string, "Coroutine child failed: Error: first");
  assertStringIncludes(lines[0] as string, "\nonError threw Error: own");
});

test("without onError and log, the clock logs an error", () => {
  const clock = new ManualClock();
  new Scheduler({ clock }).add(function* child() {
    throw new Error("lost");
  });
  clock.advance(0);
  assertEquals(clock.logged.length, 1);
  assertStringIncludes(clock.logged[0] as string, "Coroutine child failed: Error: lost");
});

test("an error without onError and without any log does not stop the turn", () => {
  const manual = new ManualClock();
  const clock = {
    now: () => manual.now(),
    defer: (turn: () => void) => manual.defer(turn),
    setTimer: (delay: number, turn: () => void) => manual.setTimer(delay, turn),
  };
  const task = new Scheduler({ clock }).add(function* child() {
    throw new Error("lost");
  });
  manual.advance(0);
  assertEquals(String(task.error), "Error: lost");
});

function logging(log: (line: string) => void): { scheduler: Scheduler; clock: ManualClock } {
  const clock = new ManualClock();
  return { clock, scheduler: new Scheduler({ clock, log }) };
}
