/**
 * Time and turns on Deno.
 *
 * The trap: while `setImmediate` keeps Deno's loop busy, the loop polls for input and output only once
 * in 61 turns (the event interval of tokio). With turns of 1 ms, the network waits for 61 ms. With
 * turns by `MessageChannel` the loop never polls, and with `setTimeout(0)` each turn costs more than a
 * millisecond. So a chain of turns runs on `setImmediate` for {@linkcode MAX_UNPOLLED_MS}, and then
 * makes the loop poll. `src/testing/contract/clock_checks.ts` fails without that.
 *
 * The Deno adapter calls this.
 *
 * @module
 */

import type { Adapter } from "../../src/socket/mod.ts";
import { hostClock } from "../shared/host_clock.ts";
import { afterPoll } from "./poll.ts";

/**
 * The time for which a chain of turns runs without a poll, in milliseconds. It bounds the delay of
 * input. A poll takes much less time.
 */
const MAX_UNPOLLED_MS = 2;

/** The number of deferred turns that have not run yet. */
let pendingTurns = 0;
/** Whether a turn, or a microtask that it left, has run since the last event of the loop. */
let chained = false;
/** The time of the last known poll of the loop, in milliseconds. */
let polledAtMs = 0;

function run(turn: () => void): void {
  pendingTurns--;
  chained = true;
  try {
    turn();
  } finally {
    // An async app continues in microtasks, so the chain ends only after those.
    if (pendingTurns === 0) setImmediate(unchain);
  }
}

function unchain(): void {
  if (pendingTurns === 0) chained = false;
}

function defer(turn: () => void): void {
  pendingTurns++;
  const nowMs = performance.now();
  // Outside of a chain, the loop has just polled and brought an event.
  if (!chained) polledAtMs = nowMs;
  if (nowMs - polledAtMs < MAX_UNPOLLED_MS) setImmediate(run, turn);
  else {
    afterPoll(() => {
      polledAtMs = performance.now();
      run(turn);
    });
  }
}

/** The clock of the Deno adapter. */
export const denoClock: Adapter["clock"] = { ...hostClock(defer), afterPoll };
