/**
 * The decompression of a message, as the reader needs it, and its errors.
 *
 * The codec has no zlib. `../deflate.ts` makes such a function of the zlib of the runtime.
 *
 * @module
 */

/**
 * Decompresses the payload of a message (RFC 7692 §7.2.2).
 *
 * @param payload The compressed bytes, without the four bytes that the sender has removed.
 * @param maxBytes The largest result.
 * @returns The message.
 * @throws {InflateError} If the payload is broken, or the result is larger.
 */
export type Inflate = (payload: Uint8Array, maxBytes: number) => Uint8Array<ArrayBuffer>;

/** The reason why a payload cannot be decompressed; an {@linkcode Inflate} throws it. */
export class InflateError extends Error {
  /** The name of the class. */
  override readonly name = "InflateError";
  /** Whether the result would be larger than allowed. */
  readonly isTooBig: boolean;

  /**
   * Makes the error.
   *
   * @param isTooBig Whether the result would be larger than allowed; otherwise the payload is broken.
   */
  constructor(isTooBig: boolean) {
    super(isTooBig ? "The message is too large" : "The payload is broken");
    this.isTooBig = isTooBig;
  }
}
