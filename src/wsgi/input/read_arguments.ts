/**
 * The arguments of reads, and the end of a line: the same for a body that is being received and a
 * body in memory.
 *
 * {@linkcode BodyBuffer}, {@linkcode BufferedInput} and the inputs of apps call this.
 *
 * @module
 */

import { showValue } from "../../coroutine/mod.ts";

/** The line feed, which ends a line of a body. */
export const NEWLINE = 0x0a;

/** Checks the number of bytes to read. */
export function checkSize(size: number): number {
  if (Number.isInteger(size) && size >= 0) return size;
  throw new RangeError(`Cannot read ${showValue(size)} bytes: expected a whole number, 0 or more`);
}

/** Checks the largest number of bytes to read; `Infinity` for no limit. */
export function checkLimit(limit: number): number {
  return limit === Infinity ? limit : checkSize(limit);
}

/** The number of bytes after which `readlines` stops; 0 or less for no limit, as in Python. */
export function lineHint(hint: number): number {
  return hint > 0 ? hint : Infinity;
}
