/**
 * Time and turns on Deno.
 *
 * The trap: Deno's loop asks the system for input and output only once in 61 turns while
 * `setImmediate` keeps it busy. With turns of 1 ms that is 61 ms of deafness (measured); with
 * `MessageChannel` it is for ever, and `setTimeout(0)` costs 2 ms a turn. So a chain of turns runs on
 * `setImmediate` (0.8 µs a turn) for two milliseconds, and then makes the loop poll.
 *
 * @module
 */

import type { Adapter } from "../../src/socket/mod.ts";
import { afterPoll } from "./poll.ts";
import { hostClock } from "../shared/host_clock.ts";

/** How long a chain of turns may run before the loop is made to poll, in milliseconds. */
const DEAF_LIMIT = 2;

/** Deferred turns that have not run yet. */
let waiting = 0;
/** Whether a turn, or what it left to the microtask queue, has run since the last event. */
let chained = false;
/** When the loop was last known to have asked for input and output. */
let polledAt = 0;

function run(turn: () => void): void {
  waiting--;
  chained = true;
  try {
    turn();
  } finally {
    // An async app goes on in microtasks, so that the chain is over only after those.
    if (waiting === 0) setImmediate(unchain);
  }
}

function unchain(): void {
  if (waiting === 0) chained = false;
}

function defer(turn: () => void): void {
  waiting++;
  const now = performance.now();
  // Outside of a chain, the loop has just polled and brought an event.
  if (!chained) polledAt = now;
  if (now - polledAt < DEAF_LIMIT) setImmediate(run, turn);
  else {
    afterPoll(() => {
      polledAt = performance.now();
      run(turn);
    });
  }
}

/** The clock of the Deno adapter. */
export const denoClock: Adapter["clock"] = hostClock(defer);
