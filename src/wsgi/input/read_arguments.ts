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

/** A number of bytes; -1, `null`, `undefined` and `Infinity` mean all, as -1 and None in Python. */
export type ReadSize = number | null | undefined;

/**
 * The number of bytes to read; `Infinity` for all.
 *
 * @throws {TypeError} If `size` is no number.
 * @throws {RangeError} If `size` is not a whole number, -1 or more.
 */
export function readSize(size: ReadSize): number {
  if (size === undefined || size === null || size === -1) return Infinity;
  if (size === Infinity || (Number.isInteger(size) && size >= 0)) return size;
  throw sizeError("read", size);
}

/**
 * The number of bytes after which `readlines` stops; `Infinity` for a hint of 0 or less, as in Python.
 *
 * @throws {TypeError} If `hint` is no number.
 * @throws {RangeError} If `hint` is not a whole number.
 */
export function lineHint(hint: ReadSize): number {
  if (hint === undefined || hint === null) return Infinity;
  if (Number.isInteger(hint) || hint === Infinity || hint === -Infinity) {
    return hint > 0 ? hint : Infinity;
  }
  throw sizeError("read lines of", hint);
}

function sizeError(action: string, size: unknown): Error {
  if (typeof size === "number") {
    return new RangeError(
      `Cannot ${action} ${size} bytes: expected a whole number, 0 or more, or -1 for all`,
    );
  }
  return new TypeError(
    `Cannot ${action} ${showValue(size)} bytes: expected a number, or -1 for all`,
  );
}

/** Cuts bytes behind each newline. */
export function splitLines<B extends ArrayBufferLike>(bytes: Uint8Array<B>): Uint8Array<B>[] {
  const lines: Uint8Array<B>[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    lines.push(bytes.subarray(start, end));
    start = end;
  }
  return lines;
}
