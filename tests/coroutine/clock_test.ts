import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { ManualClock } from "../../src/coroutine/mod.ts";
import { setTimerInParts } from "../../src/coroutine/clock.ts";

/** Starts a time on a clock. */
function started(milliseconds: number) {
  const clock = new ManualClock();
  const calls: number[] = [];
  const cancel = setTimerInParts(clock, milliseconds, () => void calls.push(clock.now()));
  return { clock, calls, cancel };
}

test("calls the function once, at the end of the time", () => {
  const { clock, calls } = started(1000);
  clock.advance(999);
  assertEquals(calls, []);
  clock.advance(10_000);
  assertEquals(calls, [1000]);
  assertEquals(clock.timers, 0);
});

test("a pause of the process counts as one part of the time", () => {
  const { clock, calls } = started(1000);
  clock.moveTo(50_000);
  clock.turn();
  clock.advance(899);
  assertEquals(calls, []);
  clock.advance(1);
  assertEquals(calls, [50_900]);
});

test("is cancelled in each part", () => {
  for (let part = 0; part < 10; part++) {
    const { clock, calls, cancel } = started(1000);
    clock.advance(part * 100);
    cancel();
    assertEquals(clock.timers, 0);
    clock.advance(2000);
    assertEquals(calls, []);
  }
});

test("a time of 0 has one part, and an infinite one no end", () => {
  const { clock, calls } = started(0);
  assertEquals(calls, []);
  clock.turn();
  assertEquals(calls, [0]);
  const endless = started(Infinity);
  endless.clock.advance(1e12);
  assertEquals([endless.calls, endless.clock.timers], [[], 0]);
});
