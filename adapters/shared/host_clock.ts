/**
 * The clock that all runtimes share, except for the way each defers a turn.
 *
 * Called by the adapters of Node and Bun, by `deno/clock.ts`, and by the memory adapter.
 *
 * @module
 */

import type { Adapter } from "../../src/socket/mod.ts";
import { logError } from "./error_log.ts";
import { startTimer } from "./timer.ts";

type Clock = Adapter["clock"];

/** Read once, because the global is a getter on some hosts. */
const { performance } = globalThis;

/** `settled.then` is cheaper than `queueMicrotask`, which keeps records of each call on Node. */
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
