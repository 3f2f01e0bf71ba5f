/** The deadline of a request in a thread. */

import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { Job } from "../../../src/blocking/job.ts";
import { ANSWER, CALL } from "../../../src/blocking/protocol.ts";
import { ManualClock } from "../../../src/coroutine/mod.ts";

/** A job with a deadline of one second, and the calls that its thread gets. */
function begun() {
  const clock = new ManualClock();
  const calls: string[] = [];
  const thread = {
    answer: (kind: number) => void calls.push(`answer ${kind}`),
    abort: () => void calls.push("abort"),
    kill: (error: Error) => Promise.resolve(void calls.push(`kill: ${error.message}`)),
  };
  const host = { clock, report() {}, log() {}, expired: () => void calls.push("expired") };
  const job = new Job(thread, host, 1000);
  job.expired.catch(() => {});
  return { clock, calls, job };
}

/** The end of a response without more bytes. */
const END = { kind: CALL.end, argument: 0, bytes: new Uint8Array(0) };

test("a job ends at its deadline, once", () => {
  const { clock, calls } = begun();
  clock.advance(999);
  assertEquals(calls, []);
  clock.advance(1);
  assertEquals(calls.slice(0, 2), ["expired", "abort"]);
  assertMatch(calls[2] ?? "", /^kill: The app has not ended after 1 s/);
  clock.advance(60_000);
  assertEquals(calls.length, 3);
});

test("a call that comes while the process is paused is in time", async () => {
  const { clock, calls, job } = begun();
  clock.moveTo(60_000);
  clock.turn(); // the loop calls its timers before it reads
  job.take(END);
  assertEquals((await job.next()).kind, CALL.end);
  job.answer();
  job.end();
  clock.advance(60_000);
  assertEquals(calls, [`answer ${ANSWER.ok}`]);
  assertEquals([job.failure, clock.timers], [undefined, 0]);
});

test("the time of an app after its deadline lasts longer than a pause of the process", () => {
  const { clock, calls, job } = begun();
  job.take({ kind: CALL.read, argument: 1, bytes: new Uint8Array(0) });
  clock.advance(1000);
  assertEquals(calls, ["expired", "abort", `answer ${ANSWER.error}`]);
  clock.moveTo(60_000);
  clock.turn();
  assertEquals(calls.length, 3);
  clock.advance(1000);
  assertMatch(calls[3] ?? "", /^kill: /);
});
