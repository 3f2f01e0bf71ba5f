/**
 * The request and response that an app is run for, as its connection offers them.
 *
 * @module
 */

import type { Operation } from "../../coroutine/mod.ts";
import type { WSGIApp } from "../app.ts";
import type { Environ } from "../environ.ts";
import type { RequestCogen } from "./request_cogen.ts";
import type { Response } from "./response.ts";

/** What running an app needs of the connection it runs on. */
export interface AppContext {
  readonly app: WSGIApp;
  /** The method, whatever an app may put in the environ. */
  readonly method: string;
  readonly environ: Environ;
  /** That of the environ, whatever an app may put there. */
  readonly cogen: RequestCogen;
  readonly response: Response;
  /** How long the `finally` blocks and the `close()` of an app may take, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** How long an app may go on before what it gave is handed over, in milliseconds. */
  readonly burstMs: number;
  /** When its first burst began, by the clock. */
  readonly startedAt: number;
  now(): number;
  /** Hands over to the socket what the response has let go of. */
  flush(): void;
  /** How many bytes have not been handed over. */
  pendingBytes(): number;
  /** Whether all that the app gave has gone, and the arrays it was in may be used again. */
  allSent(): boolean;
  /** Whether the client's window is full. */
  full(): boolean;
  /** Waits until the client's window has room. */
  drained(): Operation<void>;
  /** Hears of an error of the app. */
  report(error: unknown): void;
  /** The app is done; if its response is not complete, the connection must be cut. */
  ended(complete: boolean): void;
}
