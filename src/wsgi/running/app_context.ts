/**
 * The request and the response of one app run, as the exchange offers them.
 *
 * The interface keeps `src/wsgi` apart from the server: the app run knows no connection and no socket.
 * Implemented by the exchange; called by the app run and the closing of an app.
 *
 * @module
 */

import type { Operation } from "../../coroutine/mod.ts";
import type { WSGIApp } from "../app.ts";
import type { Environ } from "../environ.ts";
import type { RequestCogen } from "./request_cogen.ts";
import type { Response } from "./response.ts";

/** The context of one app run. */
export interface AppContext {
  readonly app: WSGIApp;
  /** The method of the request, even if the app changes it in the environ. */
  readonly method: string;
  readonly environ: Environ;
  /** The `cogen` of the environ, even if the app replaces it there. */
  readonly cogen: RequestCogen;
  readonly response: Response;
  /** The time that the `finally` blocks and the `close()` of an app may take, each. */
  readonly closeTimeoutMs: number;
  /** The time that an app may run before its blocks are handed over. */
  readonly burstMs: number;
  /** When the first burst began, in milliseconds, by the clock. */
  readonly startedAt: number;
  /** The time, in milliseconds, by the clock. */
  now(): number;
  /** Hands the bytes that the response has framed to the socket. */
  flush(): void;
  /** The number of framed bytes that the socket has not got. */
  pendingBytes(): number;
  /** Whether the socket has sent every block so far, so that their memory may be used again. */
  allSent(): boolean;
  /** Whether the client's window is full. */
  full(): boolean;
  /** Waits until the client's window has room. */
  drained(): Operation<void>;
  /** Reports an error of the app. */
  report(error: unknown): void;
  /** The app has ended. If its response is not complete, the connection must be cut. */
  ended(complete: boolean): void;
}
