/**
 * Functions that wait in tests over real connections: for a condition, with a deadline.
 *
 * @module
 */

import { ranMs } from "../support/run_time.ts";

/**
 * Resolves when `condition` holds. After `limitMs` milliseconds of `ranMs` the promise rejects with
 * an error that names `awaited`. This time does not pass while this process waits for the
 * processor.
 */
export async function until(
  awaited: string,
  condition: () => boolean,
  limitMs: number = 10_000,
): Promise<void> {
  const start = ranMs();
  while (!condition()) {
    if (ranMs() - start > limitMs) {
      throw new Error(`Waited ${limitMs} ms for: ${awaited}`);
    }
    await pause(1);
  }
}

/** Waits as long as a forbidden event would take to come. */
export function settled(): Promise<void> {
  return pause(40);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
