/**
 * The errors of the engine, divided by the party that broke HTTP: the peer
 * ({@linkcode ProtocolError}), or the embedder and its app ({@linkcode ResponseError}).
 *
 * The engine throws no other errors while it reads or writes a message. A `TypeError` or `RangeError`
 * reports a wrong call by the embedder.
 *
 * All files of this layer throw these errors, and `src/server` catches them.
 *
 * @module
 */

/**
 * The peer broke HTTP: the bytes that it sent are not a request that the server may serve.
 *
 * The message quotes at most 40 bytes of the peer, in printable ASCII, so that it is safe to log
 * and to send back. The same bytes give the same error, independent of how they were split.
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
  /** The name of the class, for logs. */
  override readonly name = "ProtocolError";
  /** The status code of the answer (RFC 9110 §15). */
  readonly status: number;
  /**
   * The position of the error in bytes, counted from the first byte of the connection: the position of
   * the offending byte, or, for a rule about a whole head, of the byte after that head.
   */
  readonly offset: number;
  /** The method of the refused request, if it was read. */
  readonly method: string | undefined;

  /**
   * Makes an error that the server answers with `status`.
   *
   * @param status The status code of the answer.
   * @param message The part that could not be read, and the syntax that was expected.
   * @param offset The position in bytes, counted from the first byte of the connection.
   * @param method The method of the refused request, if it is known.
   */
  constructor(status: number, message: string, offset = 0, method?: string) {
    super(message);
    this.status = status;
    this.offset = offset;
    this.method = method;
  }
}

/**
 * Returns a copy of a {@linkcode ProtocolError} with its offset, and any other error unchanged. The
 * functions that judge a whole head do not see the byte stream, so they cannot know the offset.
 */
export function placeError(error: unknown, offset: number): unknown {
  if (!(error instanceof ProtocolError)) return error;
  return new ProtocolError(error.status, error.message, offset);
}

/** Returns a copy of a {@linkcode ProtocolError} with the method of its request, if it is known; or the error. */
export function ofMethod(error: unknown, method: string | undefined): unknown {
  if (method === undefined || !(error instanceof ProtocolError)) return error;
  return new ProtocolError(error.status, error.message, error.offset, method);
}

/**
 * The embedder or its app broke HTTP: it gave a response that may not be sent.
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
  /** The name of the class, as it stands in logs. */
  override readonly name = "ResponseError";
}
