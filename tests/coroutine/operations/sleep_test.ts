import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Coroutine, Sleep } from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";
import { crowdOf } from "../../support/shares.ts";

test("sleepers wake in order of their deadlines", () => {
  const { clock, scheduler, run, assertEmpty } = stage();
  const seen: [number, number][] = [];
  function* sleeper(seconds: number): Coroutine<void> {
    yield Sleep(seconds);
    seen.push([seconds, clock.now()]);
  }
  for (const seconds of [3, 1, 2, 0.5]) scheduler.add(sleeper, seconds);
  run(10_000);
  assertEquals(seen, [[0.5, 500], [1, 1000], [2, 2000], [3, 3000]]);
  assertEmpty();
});

test("a sleep of 0 ends in the next turn", () => {
  const { scheduler, assertEmpty, run } = stage();
  const task = scheduler.add(function* () {
    yield* Sleep(0);
    return true;
  });
  scheduler.step();
  assertEquals(task.done, false);
  scheduler.step();
  assertEquals(task.result, true);
  run();
  assertEmpty();
});

test("a sleep until a Date that has passed ends in the next turn", () => {
  const { scheduler, run } = stage();
  const task = scheduler.add(function* () {
    yield* Sleep(new Date(0));
    return true;
  });
  run();
  assertEquals(task.result, true);
});

test("a sleep of 100 days ends on time, on a clock that shortens long delays", () => {
  const { clock, scheduler, run, assertEmpty } = stage();
  const setTimer = clock.setTimer.bind(clock);
  const day = 86_400_000;
  clock.setTimer = (delay, turn) => setTimer(Math.min(delay, 24 * day), turn);
  const task = scheduler.add(function* () {
    yield* Sleep({ hours: 24 * 100 });
    return clock.now();
  });
  run(100 * day);
  assertEquals(task.result, 100 * day);
  assertEmpty();
});

test("a negative duration, or one that is not a number, is a RangeError where the operation is made", () => {
  assertThrows(() => Sleep(-1), RangeError, "The time to sleep is -1 seconds");
  assertThrows(() => Sleep(NaN), RangeError);
  assertThrows(() => Sleep({ seconds: 1, minutes: -1 }), RangeError);
  assertThrows(() => Sleep(new Date(NaN)), RangeError, "invalid Date");
});

test("a crowd of sleepers, half of them cancelled, leaves nothing behind", () => {
  const crowd = crowdOf(100_000);
  const { scheduler, run, assertEmpty } = stage({ quantum: 3600 });
  let woken = 0;
  function* sleeper(n: number): Coroutine<void> {
    yield Sleep(1 + (n * 7919) % 1000 / 1000);
    woken++;
  }
  const tasks = Array.from({ length: crowd }, (_, n) => scheduler.add(sleeper, n));
  run();
  for (let n = 0; n < tasks.length; n += 2) tasks[n]?.cancel();
  run(2000);
  assertEquals(woken, crowd / 2);
  assertEmpty();
});
