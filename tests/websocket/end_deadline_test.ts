/** The deadlines of an end, with timers that the test calls. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { EndDeadline, type EndHost } from "../../src/websocket/end_deadline.ts";

function staged(output: { size: number; isAppBlocked: boolean }) {
  const timers: { readonly delayMs: number; readonly turn: () => void }[] = [];
  let nowMs = 0;
  const clock = {
    now: () => nowMs,
    defer: () => {},
    setTimer: (delayMs: number, turn: () => void) => {
      timers.push({ delayMs, turn });
      return () => {};
    },
  };
  const deadline = new EndDeadline({ clock, output } as unknown as EndHost);
  const pass = (timeMs: number) => nowMs += timeMs;
  return { deadline, timers, pass, callNext: () => timers.shift()?.turn() };
}

test("an app that receives nothing more has ten parts of a second, however late each timer is", () => {
  const { deadline, timers, callNext } = staged({ size: 0, isAppBlocked: false });
  let ends = 0;
  deadline.awaitAnswers(() => ends++);
  const delays: number[] = [];
  while (timers.length > 0) {
    assertEquals(ends, 0);
    delays.push(timers[0]!.delayMs);
    callNext();
  }
  assertEquals([delays, ends], [Array(10).fill(100), 1]);
});

test("the next message gives the app all parts again", () => {
  const { deadline, timers, callNext } = staged({ size: 0, isAppBlocked: false });
  let ends = 0;
  deadline.awaitAnswers(() => ends++);
  for (let part = 0; part < 9; part++) callNext();
  deadline.received();
  for (let part = 0; part < 10; part++) callNext();
  assertEquals([timers.length, ends], [1, 0]);
  callNext();
  assertEquals([timers.length, ends], [0, 1]);
});

test("an app that waits for room has ten seconds, and more as long as the client reads", () => {
  const output = { size: 100, isAppBlocked: true };
  const { deadline, timers, callNext } = staged(output);
  let ends = 0;
  deadline.awaitAnswers(() => ends++);
  const passAll = () => Array.from({ length: 10 }, callNext);
  assertEquals(timers[0]?.delayMs, 1000);
  deadline.drained();
  passAll();
  assertEquals([timers[0]?.delayMs, ends], [1000, 0]);
  passAll();
  assertEquals([timers.length, ends], [0, 1]);
});

test("after a pause of the process, a client has read before its time to close is over", () => {
  const output = { size: 100, isAppBlocked: false };
  const { deadline, pass, callNext } = staged(output);
  let ends = 0;
  deadline.awaitClient(() => ends++);
  pass(60_000);
  callNext();
  output.size = 50;
  for (let part = 0; part < 18; part++) callNext();
  assertEquals(ends, 0);
  callNext();
  assertEquals(ends, 1);
});

test("an app may begin to send for ten seconds after each message", () => {
  const { deadline, pass } = staged({ size: 0, isAppBlocked: false });
  deadline.awaitAnswers(() => {});
  pass(9999);
  assertEquals(deadline.isSendingOver, false);
  deadline.received();
  pass(9999);
  deadline.drained();
  assertEquals(deadline.isSendingOver, false);
  pass(1);
  assertEquals(deadline.isSendingOver, true);
});
