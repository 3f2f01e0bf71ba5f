/**
 * The pause before a worker that replaces a crashed one. It doubles with each crash in a row, and a worker that has
 * served for a while ends the row.
 *
 * `supervisor.ts` calls this.
 *
 * @module
 */

import type { Place } from "./supervised_worker.ts";

/** The pause after the second crash in a row, and the longest pause. */
const FIRST_PAUSE_SECONDS = 0.5;
const MAX_PAUSE_SECONDS = 30;
/** A worker that has served for this time ends a row of crashes. */
const STEADY_SECONDS = 10;

/**
 * Counts a crash.
 *
 * @param place The place of the worker.
 * @param servedSeconds The time for which the worker was ready.
 * @returns The pause in seconds; 0 after the first crash.
 */
export function pauseAfterCrash(place: Place, servedSeconds: number): number {
  if (servedSeconds >= STEADY_SECONDS) place.crashes = 0;
  const earlier = place.crashes++;
  return earlier === 0 ? 0 : Math.min(FIRST_PAUSE_SECONDS * 2 ** (earlier - 1), MAX_PAUSE_SECONDS);
}
