/**
 * The checks of texts, bytes and counts that a caller passes: without them, a wrong one would often count as empty.
 *
 * The public functions and classes of this folder call this.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";

/**
 * Checks an argument that is a text.
 *
 * @param name The name of the argument, for the error message.
 * @param text The argument.
 * @throws {TypeError} If it is no string.
 */
export function checkText(name: string, text: unknown): void {
  if (typeof text !== "string") throw optionError(name, text, "a string");
}

/**
 * Checks an argument that is an array of bytes.
 *
 * @param name The name of the argument, for the error message.
 * @param bytes The argument.
 * @throws {TypeError} If it is no view of memory. The arrays of another realm are views, too.
 */
export function checkBytes(name: string, bytes: unknown): void {
  if (!ArrayBuffer.isView(bytes)) throw optionError(name, bytes, "a Uint8Array");
}

/**
 * Checks an argument that is a count or an index.
 *
 * @param name The name of the argument, for the error message.
 * @param count The argument.
 * @param least The smallest value.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is not a whole number, or is too small.
 */
export function checkCount(name: string, count: unknown, least: number = 0): void {
  if (Number.isSafeInteger(count) && (count as number) >= least) return;
  const expected = `a whole number from ${least}`;
  if (typeof count !== "number") throw optionError(name, count, expected);
  throw new RangeError(`${name} is ${count}: expected ${expected}`);
}
