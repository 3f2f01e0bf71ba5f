/**
 * The report on a finished response: the status, the bytes and the end of one response, as its client has
 * seen them.
 *
 * Access logs, metrics and traces read it. An app or a middleware asks for it with
 * `environ.cogen.onFinished`; the exchange makes it.
 *
 * @module
 */

/**
 * The end of a response:
 *
 * - `complete`: the socket has taken every byte of the response. For 101, and for 200 to CONNECT, the app
 *   has taken the connection.
 * - `left`: the client left before the socket had taken the whole response, or in the middle of its upload.
 * - `cut`: the server ended the response early, because the app failed after the head, a deadline passed
 *   after the head, or the server was closed.
 */
export type ResponseOutcome = "complete" | "left" | "cut";

/** A finished response, as it was sent. */
export interface ResponseReport {
  /**
   * The code of the final status that was sent, also if the server answered in place of the app;
   * `undefined` if none was sent.
   */
  readonly status: number | undefined;
  /** The length of the body that was sent, in bytes, without the framing of chunks; 0 for HEAD. */
  readonly bytes: number;
  /** The end of the response. */
  readonly outcome: ResponseOutcome;
  /** The first error of the app, or of a middleware, that was reported; `undefined` if there was none. */
  readonly error: unknown;
  /**
   * The time at which the head of the final response was given to the connection, by the clock of the scheduler,
   * in milliseconds; `undefined` if none was sent, or if the listener was registered later than that.
   */
  readonly firstByteAtMs: number | undefined;
}

/** Takes the report on a response. A promise that it returns is not awaited. */
export type ResponseListener = (report: ResponseReport) => unknown;
