/**
 * Comparing bytes by a method of Buffer's, which every runtime has.
 *
 * @module
 */

/** `Buffer.prototype.compare`, called on plain bytes: 0 if the two ranges are equal. */
export type BufferCompare = (
  this: Uint8Array,
  target: Uint8Array,
  targetStart: number,
  targetEnd: number,
  start: number,
  end: number,
) => number;
