/**
 * The controls of a request: informational responses, trailers, deadlines, reports of errors and of the
 * finished response, and taking the connection over.
 *
 * `environ.cogen` offers them to the app and passes each call on to the exchange of the request, which
 * implements the same interface.
 *
 * @module
 */

import type { Duration } from "../coroutine/mod.ts";
import type { ByteSocket, Files, SocketHandler } from "../socket/mod.ts";
import type { HeaderList } from "./block.ts";
import type { ResponseListener } from "./response_report.ts";

/** Deadlines of one request, named as in the server's `timeouts`; `Infinity` for none. */
export interface RequestTimeouts {
  /**
   * The time for the request body, while the app waits for it or while its rest is discarded. A new
   * value counts from the call, or from the next wait if the app does not wait at the call. Bytes
   * that arrive extend the deadline by `limits.minBodyRate`, to at most this time from their
   * arrival.
   */
  readonly body?: Duration;
  /**
   * The time for the whole app, from the end of the request's head. The time that has passed
   * already counts.
   */
  readonly request?: Duration;
  /** The time for the client to take the bytes that its socket was given, at most some 256 KiB. */
  readonly write?: Duration;
  /** The time for the `finally` blocks and the `close()` of the app, each. */
  readonly close?: Duration;
}

/**
 * The end of an app that has taken the socket: it ended by itself, it failed, or it was cancelled because its
 * client had left or a shutdown forced it.
 */
export type AppOutcome = "complete" | "failed" | "cancelled";

/** The events of the request behind a socket that was taken. */
export interface TakenEvents {
  /**
   * Called once, when the app has ended. With this function, the end of the connection does not cancel the app,
   * which learns of it from the handler of the socket, and may go on. A shutdown cancels it when its grace is over.
   */
  readonly onAppEnd?: (outcome: AppOutcome) => void;
  /** Called once, when a shutdown of the server begins while the connection is open. */
  readonly onStopping?: () => void;
}

/** The controls that an app has of its request, beside status, headers and body. */
export interface RequestControls {
  /** The files that the server may read; `undefined` if its adapter has none. */
  readonly files: Files | undefined;

  /**
   * Sends an informational response at once, such as 103 (Early Hints, RFC 8297). Clients of HTTP/1.0
   * get nothing.
   *
   * @param status 103, or 102.
   * @param headers Its header fields, such as `Link`.
   * @throws {TypeError} For another status.
   * @throws {WSGIError} If the response has begun.
   * @throws {ResponseError} For a field that may not be sent.
   */
  inform(status: 102 | 103, headers: HeaderList): void;

  /**
   * Sets the trailer fields, sent after a chunked body (RFC 9110 §6.5). The headers given to
   * `startResponse` must announce their names in a `Trailer` field and must not have a
   * `Content-Length`. Clients of HTTP/1.0 do not get them.
   *
   * @param trailers The fields; a later call replaces them.
   * @throws {WSGIError} If they were not announced.
   * @throws {ResponseError} For a field that may not be a trailer, such as `Content-Type`.
   */
  setTrailers(trailers: HeaderList): void;

  /**
   * Reports an error that the app, or a middleware, has handled itself, to the server's `onError` and
   * its log. The server reports errors that an app throws without this call.
   *
   * @param error The error; the environ that the server made is reported with it.
   */
  report(error: unknown): void;

  /**
   * Calls a function once, when the response of this request is finished: the app is closed, and the socket
   * has taken all bytes or the connection has ended.
   *
   * The function gets the status that the client was really sent, also if the server has answered in place
   * of the app: 503 at `timeouts.request`, 408, 413 or 400 for an upload, 500 for an app that failed. Access
   * logs, metrics and traces use this function. An error of the function, or the rejection of a promise that
   * it returns, is reported once and changes nothing of the response. Several functions are called in
   * the order of their registration.
   *
   * @param listener Takes the report. If the response is finished already, it is called at once.
   * @throws {TypeError} If `listener` is not a function.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { serve } from "@x/cogen-wsgi";
   * import type { ResponseReport } from "@x/cogen-wsgi/wsgi";
   *
   * const reports: ResponseReport[] = [];
   * await using server = await serve({
   *   bindAddr: ["127.0.0.1", 0],
   *   wsgiApp(environ, startResponse) {
   *     environ.cogen.onFinished((report) => reports.push(report));
   *     startResponse("201 Created", [["Content-Type", "text/plain"]]);
   *     return ["hello"];
   *   },
   * });
   * await (await fetch(server.url)).text();
   * const [{ status, bytes, outcome }] = reports as [ResponseReport];
   * assertEquals([status, bytes, outcome], [201, 5, "complete"]);
   * ```
   */
  onFinished(listener: ResponseListener): void;

  /**
   * Changes the deadlines of this request: a long upload gets more time, a cheap page less.
   *
   * The change takes effect at once and ends with the request; like all deadlines, these are checked
   * once a second. A deadline that is left out stays as it is. After the end of the app the call has no
   * effect.
   *
   * @param timeouts The deadlines to change.
   * @throws {TypeError} For an unknown name, or a value that is not a duration.
   * @throws {RangeError} For a negative duration.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { serve } from "@x/cogen-wsgi";
   *
   * await using server = await serve({
   *   bindAddr: ["127.0.0.1", 0],
   *   timeouts: { body: 5, request: 10 },
   *   *wsgiApp(environ, startResponse) {
   *     environ.cogen.setTimeouts({ body: { minutes: 5 }, request: Infinity });
   *     const upload = yield* environ["wsgi.input"].read();
   *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
   *     yield `${upload.length} bytes`;
   *   },
   * });
   * const response = await fetch(server.url, { method: "POST", body: "a long upload" });
   * assertEquals(await response.text(), "13 bytes");
   * ```
   */
  setTimeouts(timeouts: RequestTimeouts): void;

  /**
   * Ends the connection after this response, for example after an answer to abuse. `startResponse` takes no
   * `Connection` header (PEP 3333 forbids hop-by-hop headers), so this is the way to send
   * `Connection: close`.
   *
   * The head of the response has that field if it was not made yet; otherwise only the end of the
   * connection follows. Requests that the client has pipelined behind this one are not served.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { serve } from "@x/cogen-wsgi";
   *
   * await using server = await serve({
   *   bindAddr: ["127.0.0.1", 0],
   *   wsgiApp(environ, startResponse) {
   *     environ.cogen.closeConnection();
   *     startResponse("429 Too Many Requests", [["Retry-After", "60"]]);
   *     return ["slow down"];
   *   },
   * });
   * const response = await fetch(server.url);
   * assertEquals([response.status, await response.text()], [429, "slow down"]);
   * ```
   */
  closeConnection(): void;

  /**
   * Takes the connection over: the server sends `101 Switching Protocols`, or `200 OK` to CONNECT; all
   * later bytes of the connection are the app's. An app that answers a CONNECT with a 2xx in another way
   * is a 501 for the client, and an error in the log.
   *
   * Bytes that have arrived already are delivered first. The app must have read the request body to its
   * end. The app itself may go on; the end of the connection cancels it, unless `events` has `onAppEnd`. The
   * deadlines of the server end with the request.
   *
   * @param headers The header fields of the answer; for 101 with an `Upgrade` field.
   * @param accept Called with the connection; returns the handler of its events.
   * @param events Called at the end of the app, and at the beginning of a shutdown.
   * @throws {WSGIError} If the client has not asked for an upgrade, the body is not read, or a
   *   response has begun.
   * @throws {ResponseError} For a field that may not be sent.
   * @throws The reason of `environ.cogen.signal`, if the request is cancelled.
   */
  takeSocket(
    headers: HeaderList,
    accept: (socket: ByteSocket) => SocketHandler,
    events?: TakenEvents,
  ): void;
}
