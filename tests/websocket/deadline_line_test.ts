/** Lines of deadlines: one timer for all members, each called in time, and nothing left behind. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { ManualClock } from "../../src/coroutine/mod.ts";
import { DeadlineLine, type LineMember } from "../../src/websocket/deadline_line.ts";

/** A member that notes the time at which its deadline was over. */
function member(clock: ManualClock, times: number[], next?: () => void): LineMember {
  return {
    dueMs: 0,
    deadlineOver() {
      times.push(clock.now());
      next?.();
    },
  };
}

test("each member is called after the delay, with one timer for all", () => {
  const clock = new ManualClock();
  let timers = 0;
  const { setTimer } = clock;
  clock.setTimer = (delayMs, turn) => {
    timers++;
    return setTimer.call(clock, delayMs, turn);
  };
  const times: number[] = [];
  for (let count = 0; count < 10; count++) {
    DeadlineLine.join(clock, 100, member(clock, times));
    DeadlineLine.join(clock, 100, member(clock, times));
    clock.advance(5);
  }
  assertEquals(timers, 1);
  clock.advance(1000);
  assertEquals(times, Array.from({ length: 20 }, (_, index) => 100 + 5 * (index >> 1)));
  assertEquals([timers, clock.idle], [10, true]);
});

test("a member that has left is not called, and an empty line has no timer", () => {
  const clock = new ManualClock();
  const times: number[] = [];
  const first = member(clock, times);
  const second = member(clock, times);
  const line = DeadlineLine.join(clock, 100, first);
  clock.advance(50);
  assertEquals(DeadlineLine.join(clock, 100, second), line);
  line.leave(first);
  clock.advance(60);
  assertEquals(times, []);
  line.leave(second);
  assertEquals(clock.idle, true);
  clock.advance(1000);
  assertEquals(times, []);
});

test("a member may join again when it is called, and lines of other delays go on", () => {
  const clock = new ManualClock();
  const times: number[] = [];
  const again = member(clock, times, () => {
    if (times.length < 4) DeadlineLine.join(clock, 100, again);
  });
  DeadlineLine.join(clock, 100, again);
  DeadlineLine.join(clock, 70, member(clock, times));
  clock.advance(1000);
  assertEquals([times, clock.idle], [[70, 100, 200, 300], true]);
});

/** Moves time on at once, and runs what is due: first the timer, then what it defers until after the poll. */
function pause(clock: ManualClock, until: number): void {
  clock.moveTo(until);
  while (clock.nextTimer <= until || !clock.idle && clock.timers === 0) clock.turn();
}

test("after a pause of the process, members are called a little later, once", () => {
  const clock = new ManualClock();
  const times: number[] = [];
  DeadlineLine.join(clock, 100, member(clock, times));
  pause(clock, 60_000);
  assertEquals(times, [], "bytes that came meanwhile are read first");
  pause(clock, 120_000);
  assertEquals([times, clock.idle], [[120_000], true]);
});

test("after a short pause, a member that shows life in the next poll is not called", () => {
  const clock = new ManualClock();
  const times: number[] = [];
  const alive = member(clock, times);
  const line = DeadlineLine.join(clock, 100, alive);
  DeadlineLine.join(clock, 100, member(clock, times));
  clock.moveTo(900);
  clock.turn(); // the timer
  line.leave(alive);
  pause(clock, 900);
  assertEquals([times, clock.idle], [[900], true]);
});

test("a line that is empty after its timer and joined again has one timer", () => {
  const clock = new ManualClock();
  const times: number[] = [];
  const first = member(clock, times);
  const line = DeadlineLine.join(clock, 100, first);
  clock.moveTo(100);
  clock.turn(); // the timer
  line.leave(first);
  DeadlineLine.join(clock, 100, member(clock, times));
  clock.turn();
  clock.turn();
  assertEquals([times, clock.timers], [[], 1]);
  clock.advance(100);
  assertEquals([times, clock.idle], [[200], true]);
});
