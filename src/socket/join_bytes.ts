/**
 * Joins pieces of a byte stream.
 *
 * The rooms on top of the engine call this for the pieces of a body.
 *
 * @module
 */

/**
 * Copies pieces into one array.
 *
 * @param pieces The pieces, in order.
 * @returns A new array of all their bytes; empty without pieces.
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
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
