/**
 * Time and turns on Deno.
 *
 * The trap: Deno's loop asks the system for input and output only once in 61 turns while
 * `setImmediate` keeps it busy. With turns of 1 ms that is 61 ms of deafness (measured); with
 * `MessageChannel` it is for ever, and `setTimeout(0)` costs 1.1 ms a turn. So a chain of turns
 * runs on `setImmediate` (0.8 µs a turn) for two milliseconds and then waits for a tiny job of
 * another thread (some 50 µs), for which the loop asks the system unless the job is done before it
 * can, as happens on a busy machine. So every eighth time it waits for a timer, which is sure.
 *
 * @module
 */

import type { Adapter } from "../src/server/socket.ts";
import { hostClock } from "./host_clock.ts";

/** How long a chain of turns may run before the loop is made to poll, in milliseconds. */
const DEAF_LIMIT = 2;

/** How many waits for another thread are followed by one for a timer. */
const UNSURE_POLLS = 7;

const NOTHING = new Uint8Array(0);

/** Deferred turns that have not run yet. */
let waiting = 0;
/** Whether a turn, or what it left to the microtask queue, has run since the last event. */
let chained = false;
/** When the loop was last known to have asked for input and output. */
let polledAt = 0;
/** How often in a row that is known only by another thread. */
let unsurePolls = 0;

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

/** Runs `turn` after the loop has polled. */
function runPolled(turn: () => void): void {
  const resume = () => {
    polledAt = performance.now();
    run(turn);
  };
  if (unsurePolls++ < UNSURE_POLLS) {
    crypto.subtle.digest("SHA-1", NOTHING).then(resume, resume);
  } else {
    unsurePolls = 0;
    setTimeout(resume, 0);
  }
}

function defer(turn: () => void): void {
  waiting++;
  const now = performance.now();
  // Outside of a chain, the loop has just polled and brought an event.
  if (!chained) {
    polledAt = now;
    unsurePolls = 0;
  }
  if (now - polledAt < DEAF_LIMIT) setImmediate(run, turn);
  else runPolled(turn);
}

/** The clock of the Deno adapter. */
export const denoClock: Adapter["clock"] = hostClock(defer);
