/**
 * The turns of connections: at once for a time, then one after another, with polls in between. While polls bring
 * several connections, their output is gathered.
 */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { ManualClock } from "../../../src/coroutine/mod.ts";
import { TurnQueue, turnsOf } from "../../../src/server/turn_queue.ts";

function stage() {
  const clock = new ManualClock();
  let nowMs = 100;
  clock.now = () => nowMs;
  const log: string[] = [];
  return {
    clock,
    log,
    queue: new TurnQueue(clock),
    now: () => nowMs,
    pass: (milliseconds: number) => nowMs += milliseconds,
    /** A connection whose turn takes some time. */
    connection: (name: string, usedMs: number, takesMs = 0) => ({
      usedMs,
      takeTurn() {
        log.push(name);
        nowMs += takesMs;
      },
      send: () => void log.push(`${name} sends`),
    }),
  };
}

test("connections are served at once until 4 ms have passed without a poll", () => {
  const { clock, queue, now, pass, connection } = stage();
  const a = connection("a", 0);
  assertEquals(queue.mustWait(a, now()), false);
  assertEquals(queue.mustWait(a, pass(3)), false);
  assertEquals(queue.mustWait(a, pass(1)), true);
  clock.turn();
  assertEquals(queue.mustWait(a, now()), false);
  assertEquals(queue.mustWait(a, pass(4)), true);
  clock.turn();
  assertEquals(clock.idle, true);
});

test("bytes that an app waits for are taken at once until 8 ms have passed without a poll", () => {
  const { clock, queue, now, pass, connection } = stage();
  const a = connection("a", 0);
  assertEquals(queue.mustWait(a, now()), false);
  assertEquals(queue.mustWait(a, pass(4)), true);
  assertEquals(queue.mustWait(a, pass(3), true), false);
  assertEquals(queue.mustWait(a, pass(1), true), true);
  clock.turn();
  assertEquals(clock.idle, true);
});

test("short work between many polls makes no connection wait", () => {
  const { clock, queue, pass, connection } = stage();
  const a = connection("a", 0);
  for (let poll = 0; poll < 20; poll++) {
    assertEquals([queue.mustWait(a, pass(1)), queue.mustWait(a, pass(0.1))], [false, false]);
    clock.turn();
  }
});

test("connections that wait are served after a poll, those with the least time used first", () => {
  const { clock, queue, log, connection } = stage();
  queue.add(connection("long", 20));
  queue.add(connection("short", 0));
  queue.add(connection("longer", 200));
  assertEquals(log, []);
  clock.turn();
  assertEquals(log, ["short", "long", "longer"]);
  assertEquals(clock.idle, true);
});

test("after each poll, connections are served for a millisecond, and for one at least", () => {
  const { clock, queue, log, now, connection } = stage();
  for (const name of ["a", "b", "c", "d", "e"]) {
    queue.add(connection(name, 0, name === "c" ? 30 : 0.5));
  }
  const late = connection("late", 0);
  clock.turn();
  assertEquals(log, ["a", "b"]);
  assertEquals(
    queue.mustWait(late, now()),
    false,
    "bytes that this poll brings are served at once",
  );
  clock.turn();
  assertEquals(log, ["a", "b", "c"]);
  clock.turn();
  assertEquals(log, ["a", "b", "c", "d", "e"]);
  assertEquals(clock.idle, true);
});

test("the time of a turn counts once for the next one", () => {
  const { clock, queue, log, connection } = stage();
  const [slow, quick] = [connection("slow", 0, 4), connection("quick", 0)];
  queue.add(slow);
  clock.turn();
  queue.add(slow);
  queue.add(quick);
  clock.turn();
  assertEquals([log, slow.usedMs, quick.usedMs], [["slow", "quick", "slow"], 3, 0]);
});

test("the time of work without a turn counts, up to the work of the next connection", () => {
  const { clock, queue, log, now, pass, connection } = stage();
  const [slow, quick, last] = [
    connection("slow", 0),
    connection("quick", 0),
    connection("last", 0),
  ];
  queue.mustWait(slow, now());
  queue.mustWait(quick, pass(3));
  assertEquals(queue.mustWait(last, pass(1)), true);
  assertEquals([slow, quick, last].map(({ usedMs }) => usedMs), [1, 0, 0]);
  for (const each of [slow, quick, last]) queue.add(each);
  clock.turn();
  assertEquals(log, ["quick", "last", "slow"]);
});

test("the time after a poll is no time of a connection that has worked before", () => {
  const { clock, queue, now, pass, connection } = stage();
  const [a, b] = [connection("a", 0), connection("b", 0)];
  queue.mustWait(a, now());
  clock.turn();
  queue.add(connection("other", 0));
  queue.mustWait(b, pass(50));
  assertEquals([a.usedMs, b.usedMs], [0, 0]);
});

test("a connection that waits again in its turn is served after the next poll", () => {
  const { clock, queue, log } = stage();
  const connection = {
    usedMs: 0,
    takeTurn() {
      log.push("turn");
      if (log.length < 3) queue.add(connection);
    },
    send() {},
  };
  queue.add(connection);
  clock.turn();
  assertEquals(log.length, 1);
  clock.turn();
  clock.turn();
  assertEquals([log.length, clock.idle], [3, true]);
});

/** Two connections, whose polls have brought the work of both. */
function gathering() {
  const parts = stage();
  const { clock, queue, now, pass, connection } = parts;
  pass(4);
  const [a, b] = [connection("a", 0), connection("b", 0)];
  queue.mustWait(a, now());
  assertEquals(queue.gather(a), false, "the first poll may have brought one connection alone");
  queue.mustWait(b, now());
  assertEquals(queue.gather(b), false);
  clock.turn();
  return { ...parts, a, b };
}

test("after a poll with several connections, output is gathered until all are served", () => {
  const { clock, queue, log, now, a, b } = gathering();
  for (let poll = 0; poll < 3; poll++) {
    for (const connection of [a, b]) {
      assertEquals(queue.mustWait(connection, now()), false);
      assertEquals(queue.gather(connection), true);
    }
    assertEquals(log, []);
    clock.turn();
    assertEquals(log.splice(0), ["a sends", "b sends"]);
  }
  assertEquals(clock.idle, true);
});

test("after a poll with one connection, output is sent at once", () => {
  const { clock, queue, log, now, a } = gathering();
  queue.mustWait(a, now());
  assertEquals(queue.gather(a), true);
  clock.turn();
  assertEquals(log, ["a sends"]);
  queue.mustWait(a, now());
  assertEquals([queue.gather(a), clock.idle], [false, true]);
});

test("output is gathered for half a millisecond at most", () => {
  const { queue, log, now, pass, a, b } = gathering();
  queue.mustWait(a, now());
  queue.gather(a);
  queue.sendOverdue(pass(0.4));
  assertEquals(log, []);
  queue.gather(b);
  queue.sendOverdue(pass(0.1));
  assertEquals(log, ["a sends", "b sends"]);
});

test("while connections wait for their turns, output is sent at once", () => {
  const { clock, queue, log, now, connection, a, b } = gathering();
  queue.mustWait(a, now());
  queue.mustWait(b, now());
  queue.add(connection("waits", 0));
  clock.turn();
  assertEquals(log, ["waits"]);
  for (const one of [a, b]) {
    queue.mustWait(one, now());
    assertEquals(queue.gather(one), false);
  }
});

test("with a clock whose turns come late, output is sent at once", () => {
  const { clock, queue, now, pass, a } = gathering();
  for (let count = 0; count < 1000; count++) queue.mustWait(a, now());
  pass(10);
  clock.turn();
  queue.mustWait(a, now());
  assertEquals(queue.gather(a), false);
});

test("after a poll with long work, output is sent at once", () => {
  const { clock, queue, now, pass, a, b } = gathering();
  queue.mustWait(a, now());
  queue.gather(a);
  pass(0.2);
  queue.mustWait(b, now());
  queue.gather(b);
  clock.turn();
  queue.mustWait(a, now());
  assertEquals(queue.gather(a), false);
});

test("outside of the events of a poll, output is sent at once", () => {
  const { queue, a } = gathering();
  assertEquals(queue.gather(a), false);
});

test("the servers of one clock share a queue", () => {
  const clock = new ManualClock();
  assertEquals(turnsOf(clock) === turnsOf(clock), true);
  assertEquals(turnsOf(clock) === turnsOf(new ManualClock()), false);
});
