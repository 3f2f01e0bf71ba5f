/**
 * The bytes that the checks send: long, and different from place to place, so that a lost, doubled or moved
 * piece is seen.
 *
 * @module
 */

/** A megabyte, in bytes. */
export const MB: number = 1024 * 1024;

/** The longest pattern of each seed: many checks send megabytes. Nothing may change them. */
const patterns = new Map<number, Uint8Array<ArrayBuffer>>();

/**
 * Gives bytes in which each part differs from its neighbours.
 *
 * @param length The number of bytes.
 * @param seed Selects one of several patterns.
 * @returns The bytes, which no caller may change.
 */
export function pattern(length: number, seed: number = 0): Uint8Array<ArrayBuffer> {
  const known = patterns.get(seed);
  if (known !== undefined && known.length >= length) return known.subarray(0, length);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at * 31 + (at >> 8) + seed;
  patterns.set(seed, bytes);
  return bytes;
}
