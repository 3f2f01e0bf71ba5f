/**
 * The error of a peer that broke the WebSocket protocol.
 *
 * The files of this folder throw it; the connection answers it with a Close frame of its code.
 *
 * @module
 */

/**
 * The peer broke RFC 6455 or RFC 7692, or exceeded a limit.
 *
 * The message is printable ASCII and short, so that it is safe to log, and fits into a Close frame as its
 * reason. The same bytes give the same error, independent of how they were split.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { FrameError, MessageReader } from "@x/cogen-wsgi/websocket";
 *
 * const reader = new MessageReader({ from: "client" });
 * reader.push(new Uint8Array([0x81, 0x00])); // a text frame that is not masked
 * const error = assertThrows(() => reader.next(), FrameError);
 * assertEquals([error.code, error.offset], [1002, 1]);
 * ```
 */
export class FrameError extends Error {
  /** The name of the class, for logs. */
  override readonly name = "FrameError";
  /** The code of the Close frame that answers the error: 1002, 1007 or 1009 (RFC 6455 §7.4.1). */
  readonly code: number;
  /**
   * The position of the offending byte, counted from the first byte after the handshake; for a rule about a
   * whole frame or message, that of the byte after it.
   */
  readonly offset: number;

  /**
   * Makes an error that is answered with a Close frame.
   *
   * @param code The code of the Close frame.
   * @param message The part that could not be read, and the form that was expected.
   * @param offset The position in bytes, counted from the first byte after the handshake.
   */
  constructor(code: number, message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}
