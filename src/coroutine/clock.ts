/**
 * The contract of the clock that a {@linkcode Scheduler} is given, and the functions that let a paused process read
 * before its deadlines pass.
 *
 * No code in this folder reads the host's time or starts a timer by itself, so a test or an
 * embedder decides when time passes. One exception is a `Date` as a deadline: it is compared with
 * the wall clock.
 *
 * @module
 */

import { BASE } from "./base_members.ts";

/**
 * The clock and event loop that drive a scheduler. Times are milliseconds.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import type { Clock } from "@x/cogen-wsgi/coroutine";
 *
 * const clock: Clock = {
 *   now: () => performance.now(),
 *   defer: (turn) => void setTimeout(turn, 0),
 *   setTimer: (delay, turn) => {
 *     if (delay === Infinity) return () => {};
 *     const id = setTimeout(turn, Math.min(delay, 2 ** 31 - 1));
 *     return () => clearTimeout(id);
 *   },
 * };
 * assert(clock.now() <= clock.now());
 * ```
 */
export interface Clock {
  /** Monotonic time in milliseconds, from any origin. */
  now(): number;
  /** Calls `turn` once, as soon as the host's event loop has polled for input and output. */
  defer(turn: () => void): void;
  /**
   * Calls `turn` once, after the host's event loop has polled since this call. A clock has this method if a poll
   * is so dear that turns which follow each other quickly share one.
   */
  afterPoll?(turn: () => void): void;
  /**
   * Calls `turn` once, in a microtask: as soon as the code that runs now has ended. Without this
   * method, a scheduler always defers.
   */
  soon?(turn: () => void): void;
  /**
   * Calls `turn` once, `delay` milliseconds from now. The returned function cancels the timer.
   * Every delay is allowed: with `Infinity`, the clock never calls `turn`. A clock may shorten a
   * delay of more than 24 days to the longest delay of its timers.
   */
  setTimer(delay: number, turn: () => void): () => void;
  /**
   * Writes an entry to the error log of the host: the default of the scheduler's option `log`. If
   * the scheduler has no `log` and the clock has none, the error of a coroutine that is not joined
   * is only in the `error` of its task.
   */
  log?(line: string): void;
}

/** The number of parts of a deadline. */
const PARTS = 10;

/**
 * Calls a function after a time that lets a paused process catch up.
 *
 * An event loop calls its timers before it reads. So after a pause of the process, such as `SIGSTOP`, a frozen
 * container or a starved processor, a plain timer ends a wait although its bytes or its message have come. This
 * time has ten parts, each with a timer of its own, and the loop reads between two parts. A pause counts as one
 * part at most.
 *
 * The server, the adapters, the bus and the threads of apps call this for their deadlines.
 *
 * @param clock The clock with the timers.
 * @param milliseconds The time. With `Infinity`, the function is never called; a time of 0 has one part.
 * @param onTime Called once, at the end of the time.
 * @returns A function that cancels the call.
 */
export function setTimerInParts(
  clock: Pick<Clock, "setTimer">,
  milliseconds: number,
  onTime: () => void,
): () => void {
  let left = milliseconds === 0 ? 1 : PARTS;
  let cancel: () => void;
  const next = (): void => {
    if (left-- === 0) onTime();
    else cancel = clock.setTimer(milliseconds / PARTS, next);
  };
  next();
  return () => cancel();
}

/**
 * Calls a function once the host's event loop has polled since this call, also if a timer calls this. On Bun, the
 * first turn that a timer defers comes before the poll.
 *
 * @param clock The clock.
 * @param turn Called once.
 */
export function callAfterPoll(clock: Pick<Clock, "defer" | "afterPoll">, turn: () => void): void {
  if (clock.afterPoll === BASE.afterPoll) clock.defer(() => clock.defer(turn));
  else clock.afterPoll?.(turn);
}
