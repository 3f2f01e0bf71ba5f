/** The rounds of a `ManualClock`, with which a driver stays in control of a program that polls. */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { ManualClock } from "../../src/coroutine/mod.ts";

test("a round runs the deferred turns, and the timers that are due only if there are none", () => {
  const clock = new ManualClock();
  const ran: string[] = [];
  clock.setTimer(5, () => ran.push("late"));
  clock.setTimer(3, () => ran.push("early"));
  clock.defer(() => {
    ran.push("turn");
    clock.defer(() => ran.push("next turn"));
  });
  clock.moveTo(5);
  assertEquals(ran, []);
  const rounds = [clock.turn(), ran.join(), clock.turn(), ran.join(), clock.turn(), ran.join()];
  assertEquals(rounds, [
    ...[true, "turn"],
    ...[true, "turn,next turn"],
    ...[true, "turn,next turn,early,late"],
  ]);
  assertEquals([clock.turn(), clock.idle, clock.now()], [false, true, 5]);
});

test("a timer that an earlier one of the round cancels does not run", () => {
  const clock = new ManualClock();
  const ran: string[] = [];
  clock.setTimer(1, () => cancel());
  const cancel = clock.setTimer(2, () => ran.push("cancelled"));
  clock.moveTo(2);
  assertEquals([clock.turn(), ran, clock.timers], [true, [], 0]);
});

test("the time of the next timer is Infinity without one, and an infinite delay sets none", () => {
  const clock = new ManualClock();
  assertEquals([clock.nextTimer, clock.timers], [Infinity, 0]);
  clock.setTimer(Infinity, () => {})();
  const cancel = clock.setTimer(4, () => {});
  clock.setTimer(7, () => {});
  assertEquals([clock.nextTimer, clock.timers], [4, 2]);
  cancel();
  clock.moveTo(3);
  clock.moveTo(1);
  assertEquals([clock.nextTimer, clock.timers, clock.now()], [7, 1, 3]);
});
