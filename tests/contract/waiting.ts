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

/** Makes `length` bytes in which each part differs from its neighbours. */
export function pattern(length: number, seed: number = 0): Uint8Array {
  const known = patterns.get(seed);
  if (known !== undefined && known.length >= length) return known.subarray(0, length);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at * 31 + (at >> 8) + seed;
  patterns.set(seed, bytes);
  return bytes;
}

/** The longest pattern of each seed: many tests send megabytes. Nothing may change them. */
const patterns = new Map<number, Uint8Array>();

/** Finds the first byte that differs, or -1. `assertEquals` is too slow for megabytes. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    if (a[at] !== b[at]) return at;
  }
  return -1;
}
