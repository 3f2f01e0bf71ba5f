/**
 * Joins pieces of a byte stream.
 *
 * The rooms on top of the engine call this for the pieces of a body.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";
import { checkBytes } from "./argument_checks.ts";

/**
 * Copies pieces into one array.
 *
 * @param pieces The pieces, in order.
 * @returns A new array of all their bytes; empty without pieces.
 * @throws {TypeError} If the argument is no array, or a piece is no array of bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { joinBytes } from "@x/cogen-wsgi/socket";
 *
 * const pieces = [new Uint8Array([1, 2]), new Uint8Array([3])];
 * assertEquals(joinBytes(pieces), new Uint8Array([1, 2, 3]));
 * ```
 */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (!Array.isArray(pieces)) {
    throw optionError("pieces of joinBytes", pieces, "an array of Uint8Array");
  }
  for (const piece of pieces) checkBytes("A piece of joinBytes", piece);
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
