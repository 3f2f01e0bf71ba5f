/**
 * The request and the response of one app run, as the exchange offers them.
 *
 * The interface keeps `src/wsgi` apart from the server: the app run knows no connection and no
 * socket. The exchange implements it; the app run and the closing of an app call it.
 *
 * @module
 */

import type { Operation } from "../../coroutine/mod.ts";
import type { WSGIApp } from "../app.ts";
import type { Environ } from "../environ.ts";
import type { RequestCogen } from "./request_cogen.ts";
import type { Response } from "./response.ts";

/** Takes framed bytes on their way to the client; implemented by the connection's output. */
export interface AppOutput {
  /** The number of framed bytes that the socket has not taken yet. */
  readonly size: number;
  /** Whether the client's window is full. */
  readonly full: boolean;
  /** Whether the socket has sent all framed bytes, so that their arrays may be used again. */
  readonly allSent: boolean;
  /** Hands framed bytes to the socket. */
  flush(): void;
  /** Waits until the client's window has room. */
  drained(): Operation<void>;
}

/** The context of one app run. */
export interface AppContext {
  readonly app: WSGIApp;
  /** The name of the app's function, for messages; behind a dispatcher, of the app that is mounted. */
  readonly appName: string;
  /** Whether the request was aborted: its client has gone, or the server shuts down. */
  readonly isAborted: boolean;
  /** The method of the request, even if the app changes it in the environ. */
  readonly method: string;
  readonly environ: Environ;
  /** The `cogen` of the environ, even if the app replaces it there. */
  readonly cogen: RequestCogen;
  readonly response: Response;
  /** Takes the bytes that the response has framed. */
  readonly output: AppOutput;
  /** The time that the `finally` blocks and the `close()` of an app may take, each. */
  readonly closeTimeoutMs: number;
  /** Counts an app that was closed and has not ended in time. */
  closeTimedOut?(): void;
  /** The waits for apps that are being closed: the server calls each at its end, to abandon the app. */
  readonly closings: Set<() => void>;
  /** The time that an app may run before its blocks are handed over. */
  readonly burstMs: number;
  /** When the first burst began, in milliseconds, by the clock. */
  readonly startedAt: number;
  /** The time, in milliseconds, by the clock. */
  now(): number;
  /** Reports an error of the app. */
  report(error: unknown): void;
  /** The app has ended. If its response is not complete, the connection must be cut. */
  ended(complete: boolean): void;
}
