/**
 * The clock that all runtimes share, but for how each defers a turn.
 *
 * @module
 */

import type { Adapter } from "../../src/socket/mod.ts";
import { startTimer } from "./timer.ts";

type Clock = Adapter["clock"];

/** Read once: on some hosts the global is a getter. */
const { performance } = globalThis;

/** Cheaper than `queueMicrotask`, which on Node keeps track of each. */
const settled = Promise.resolve();

/**
 * Makes a clock of the host's monotonic time and timers.
 *
 * @param defer The host's cheapest turn after it has polled for input and output.
 * @returns The clock.
 */
export function hostClock(defer: Clock["defer"]): Clock {
  return {
    now: () => performance.now(),
    defer,
    soon: (turn) => void settled.then(turn),
    setTimer: startTimer,
  };
}
