import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { PhaseDeadline } from "../../src/server/phase_deadline.ts";
import { resolveTimeouts } from "../../src/server/timeouts.ts";

const RATE = 100; // bytes a second

function deadline(): PhaseDeadline {
  const made = new PhaseDeadline(resolveTimeouts({ head: 3, body: 5, idle: 10 }), RATE);
  made.begin();
  return made;
}

test("each phase has its own time, from when it began", () => {
  const own = deadline();
  own.enter("idle", 1000);
  assertEquals([own.isOver(10_999), own.isOver(11_000)], [false, true]);
  own.enter("head", 11_000);
  assertEquals([own.isOver(13_999), own.isOver(14_000)], [false, true]);
  own.enter("none", 14_000);
  assertEquals(own.isOver(Number.MAX_VALUE), false);
});

test("the body's time goes on where it was", () => {
  const own = deadline();
  own.enter("body", 0);
  own.enter("none", 2000);
  own.enter("body", 60_000);
  assertEquals([own.isOver(62_999), own.isOver(63_000)], [false, true]);
  own.enter("body", 62_000);
  assertEquals(own.isOver(63_000), true);
});

test("what comes of a body gives more time, up to all of it", () => {
  const own = deadline();
  own.enter("body", 0);
  own.bodyCame(RATE, 1000);
  assertEquals([own.isOver(5999), own.isOver(6000)], [false, true]);
  own.bodyCame(1_000_000, 4000);
  assertEquals([own.isOver(8999), own.isOver(9000)], [false, true]);
  own.enter("none", 9000);
  own.bodyCame(2 * RATE, 9000);
  own.enter("body", 20_000);
  assertEquals([own.isOver(21_999), own.isOver(22_000)], [false, true]);
});

test("the next request's body has all of its time", () => {
  const own = deadline();
  own.enter("body", 0);
  own.enter("idle", 4999);
  own.begin();
  own.enter("body", 5000);
  assertEquals([own.isOver(9999), own.isOver(10_000)], [false, true]);
});

test("a request's own times end with it; one for the body begins when it is set", () => {
  const defaults = resolveTimeouts({ head: 3, body: 5 });
  const own = new PhaseDeadline(defaults, RATE);
  own.begin();
  own.enter("body", 0);
  own.change({ ...defaults, body: 20_000 }, 4000);
  assertEquals([own.isOver(23_999), own.isOver(24_000)], [false, true]);
  own.change({ ...defaults, body: 20_000, write: 1 }, 20_000);
  assertEquals([own.isOver(24_000), own.timeoutsMs.write], [true, 1]);
  own.enter("idle", 20_000);
  own.begin();
  own.enter("body", 21_000);
  assertEquals([own.isOver(25_999), own.isOver(26_000)], [false, true]);
  assertEquals(own.timeoutsMs, defaults);
});

test("once no deadline holds, none comes of a change", () => {
  const defaults = resolveTimeouts({ body: 5 });
  const own = new PhaseDeadline(defaults, RATE);
  own.begin();
  own.enter("body", 0);
  own.end();
  own.change({ ...defaults, body: 1000 }, 0);
  assertEquals(own.isOver(Number.MAX_VALUE), false);
});

test("a pause gives a phase more time, but never more than all of it", () => {
  const own = deadline();
  own.enter("head", 0);
  const { head } = own.timeoutsMs;
  own.extend(60_000, 60_000);
  assertEquals([own.isOver(60_000 + head - 1), own.isOver(60_000 + head)], [false, true]);
  own.enter("head", 100_000);
  own.extend(60_000, 100_500);
  assertEquals([own.isOver(100_499 + head), own.isOver(100_500 + head)], [false, true]);
  own.end();
  own.extend(60_000, 0);
  assertEquals(own.isOver(1e12), false);
});
