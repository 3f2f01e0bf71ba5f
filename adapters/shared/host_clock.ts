/**
 * The clock of all runtimes. Only the way in which a turn is deferred differs.
 *
 * The adapters of Node and Bun, `deno/clock.ts` and the memory adapter call this. The parts of the package that
 * have no adapter at hand measure durations by {@linkcode hostTime}.
 *
 * @module
 */

import type { Adapter } from "../../src/socket/mod.ts";
import { logError } from "./error_log.ts";
import { startTimer } from "./timer.ts";

type Clock = Adapter["clock"];

/** The global, read once, because it is a getter on some hosts. */
const { performance } = globalThis;

/** The host's monotonic time, in milliseconds: a jump of the time of day changes no duration. */
export const hostTime: Pick<Clock, "now"> = performance;

/**
 * A resolved promise. `settled.then` is cheaper than `queueMicrotask`, which keeps records of each
 * call on Node.
 */
const settled = Promise.resolve();

/**
 * Makes a clock of the host's monotonic time and timers.
 *
 * @param defer Runs a turn after the host has polled for input and output, in the cheapest way.
 * @returns The clock.
 */
export function hostClock(defer: Clock["defer"]): Clock {
  return {
    now: () => performance.now(),
    defer,
    soon: (turn) => void settled.then(turn),
    setTimer: startTimer,
    log: logError,
  };
}
