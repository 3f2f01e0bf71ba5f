/**
 * The deadlines that an app may change for its own request.
 *
 * @module
 */

import type { Duration } from "../coroutine/mod.ts";

/** Deadlines of one request, as of the server's `timeouts`; `Infinity` for none. */
export interface RequestTimeouts {
  /**
   * For the request body that the app waits for, from now; what comes gives more time, by
   * `limits.minBodyRate`, up to this again.
   */
  readonly body?: Duration;
  /** For the whole app, from the end of the request's head: what has passed of it counts. */
  readonly request?: Duration;
  /** While the client takes nothing of the response. */
  readonly write?: Duration;
  /** For the `finally` blocks and the `close()` of the app. */
  readonly close?: Duration;
}
