/**
 * The two ways HTTP can be broken: the peer did it ({@link ProtocolError}), or the embedder did
 * ({@link ResponseError}). Nothing else escapes from this engine.
 *
 * @module
 */

/**
 * The peer broke HTTP: what it sent is not a request that may be served.
 *
 * The message names bytes of the peer only in printable ASCII and cut short, so that it can be logged
 * and sent back. The same bytes give the same error, however they were split.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ProtocolError } from "@x/cogen-wsgi/http";
 *
 * const error = new ProtocolError(414, "Request line too long: more than 8192 bytes", 8192);
 * assertEquals([error.name, error.status, error.offset], ["ProtocolError", 414, 8192]);
 * ```
 */
export class ProtocolError extends Error {
  /** What the error is called in a log. */
  override readonly name = "ProtocolError";
  /** The status to answer with (RFC 9110 §15). */
  readonly status: number;
  /**
   * Where in the connection's byte stream it happened, counted from the connection's first byte: the
   * offending byte, or for a rule about a whole head, the byte after that head.
   */
  readonly offset: number;

  /**
   * Makes an error to be answered with a status.
   *
   * @param status The status to answer with.
   * @param message What could not be read, and what was expected.
   * @param offset The byte offset in the connection's stream.
   */
  constructor(status: number, message: string, offset = 0) {
    super(message);
    this.status = status;
    this.offset = offset;
  }
}

/** The same error, placed: rules about a whole head are judged by functions that see no stream. */
export function placeError(error: unknown, offset: number): unknown {
  if (!(error instanceof ProtocolError)) return error;
  return new ProtocolError(error.status, error.message, offset);
}

/**
 * The embedder or its app broke HTTP: a response that may not be sent as it was given.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { checkStatus, ResponseError } from "@x/cogen-wsgi/http";
 *
 * assertThrows(() => checkStatus("OK"), ResponseError);
 * ```
 */
export class ResponseError extends Error {
  /** What the error is called in a log. */
  override readonly name = "ResponseError";
}
