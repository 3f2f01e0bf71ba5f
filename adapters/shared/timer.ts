/**
 * Timers of the host with delays of any length.
 *
 * The trap: a runtime holds the delay of `setTimeout` in a signed 32-bit number of milliseconds. A
 * longer delay, `Infinity` included, fires after 1 ms. Every delay that an option can set therefore
 * goes through {@linkcode startTimer}.
 *
 * `hostClock` calls this, and so does the command. The adapters limit handshakes by {@linkcode startTimerInParts}.
 * The timers of `src/threads` have the same bound.
 *
 * @module
 */

import { setTimerInParts } from "../../src/coroutine/clock.ts";

/** The longest delay that runtimes keep: 24.8 days, in milliseconds. */
export const MAX_DELAY_MS: number = 2 ** 31 - 1;

/**
 * Starts a timer.
 *
 * @param delayMs The delay in milliseconds. A delay above {@linkcode MAX_DELAY_MS} is waited for in
 *   several timers; with `Infinity` there is no timer at all.
 * @param job The function to call once, when the delay has passed.
 * @returns A function that cancels the timer. A call after the timer has fired has no effect.
 *
 * @example
 * ```ts ignore
 * const cancel = startTimer(handshakeTimeoutMs, () => socket.destroy());
 * ```
 */
export function startTimer(delayMs: number, job: () => void): () => void {
  if (delayMs > MAX_DELAY_MS) return startLongTimer(delayMs, job);
  const timer = setTimeout(job, delayMs);
  return () => clearTimeout(timer);
}

function startLongTimer(delayMs: number, job: () => void): () => void {
  if (delayMs === Infinity) return () => {};
  let cancel: () => void;
  const timer = setTimeout(() => cancel = startTimer(delayMs - MAX_DELAY_MS, job), MAX_DELAY_MS);
  cancel = () => clearTimeout(timer);
  return () => cancel();
}

/**
 * Starts a timer in parts: after a pause of the process, the bytes that have come are read before the time is over.
 *
 * @param delayMs The delay in milliseconds, as for {@linkcode startTimer}.
 * @param job The function to call once, when the delay has passed.
 * @returns A function that cancels the timer.
 */
export function startTimerInParts(delayMs: number, job: () => void): () => void {
  return setTimerInParts({ setTimer: startTimer }, delayMs, job);
}
