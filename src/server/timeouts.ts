/**
 * How long each phase of a connection may take.
 *
 * One deadline holds at a time. Deadlines are checked about once a second, so a phase may last up to
 * a second longer. A second or more in which the process was paused does not count.
 *
 * @module
 */

import { checkNames, type Duration, toMilliseconds } from "../coroutine/mod.ts";
import type { RequestTimeouts } from "../wsgi/request_controls.ts";

/** A deadline for each phase; `Infinity` for none. Only `linger`, `halfClosed` and `close` may be 0. */
export interface Timeouts {
  /** From the first byte of a request to the end of its head. Default 30 s; then 408. */
  readonly head: Duration;
  /**
   * For a request body, while the app waits for it, or while the rest of it is read and discarded
   * after the response. Bytes that come give more time, by `limits.minBodyRate`, up to this time
   * again. Default 30 s; then 408.
   */
  readonly body: Duration;
  /**
   * From a request's head to the end of its response; then the app is cancelled through `finally`, and 503 if
   * nothing was sent. Default `Infinity`, because a long poll is no error.
   */
  readonly request: Duration;
  /**
   * Until the client has taken the bytes that its socket was given, at most some 256 KiB. Default 60 s: a client
   * that reads less than about 5 KB/s is ended.
   */
  readonly write: Duration;
  /**
   * From one response to the next request, and before the first. Default 75 s: more than the 60 s of
   * common load balancers. If a balancer keeps a connection for longer than the server does, it may
   * send a request just as the server closes the connection, and its client gets a 502.
   */
  readonly idle: Duration;
  /** After the last response, for the client to close. Default 10 s. */
  readonly linger: Duration;
  /**
   * For the response to a client that has ended its side. A client that has gone ends its side too,
   * and the server cannot tell the two apart. Default 0.05 s; `Infinity` serves clients that
   * half-close in full.
   */
  readonly halfClosed: Duration;
  /**
   * For the `finally` blocks and the `close()` of an app, after its response or after its client has
   * gone. An app that takes longer is abandoned, and the log says so. Default 30 s.
   */
  readonly close: Duration;
}

/** The same deadlines in milliseconds. */
export type TimeoutsMs = Readonly<Record<keyof Timeouts, number>>;

/** The deadlines of a server whose options name no other values, in seconds. */
export const DEFAULT_TIMEOUTS: Readonly<Record<keyof Timeouts, number>> = Object.freeze({
  head: 30,
  body: 30,
  request: Infinity,
  write: 60,
  idle: 75,
  linger: 10,
  halfClosed: 0.05,
  close: 30,
});

/** The phases that may take no time. In the others, 0 would end each request, and in Node it means "none". */
const MAY_BE_ZERO: readonly string[] = ["linger", "halfClosed", "close"];

/** The time-outs that an app may change for its own request; the other phases have no request. */
const CHANGEABLE = ["body", "request", "write", "close"] as const;

/**
 * Fills in the defaults.
 *
 * @returns Milliseconds.
 * @throws {TypeError} For a phase that does not exist, or a value that is no duration.
 * @throws {RangeError} For a negative time, and for 0 where it would end each request.
 */
export function resolveTimeouts(given: Partial<Timeouts> = {}): TimeoutsMs {
  given = checkNames("timeouts", given, Object.keys(DEFAULT_TIMEOUTS), {
    complaint: "Unknown timeout",
  });
  return { ...inMilliseconds(DEFAULT_TIMEOUTS), ...inMilliseconds(given) } as TimeoutsMs;
}

/**
 * Changes time-outs for one request, as its app asks.
 *
 * @param before The time-outs of the request so far.
 * @param given The time-outs to change.
 * @returns Milliseconds.
 * @throws {TypeError} For a phase that does not exist, or that an app may not change, or a value that
 *   is no duration.
 * @throws {RangeError} For a negative time, and for 0 where it would end each request.
 */
export function changeTimeouts(before: TimeoutsMs, given: RequestTimeouts): TimeoutsMs {
  given = checkNames("timeouts", given, CHANGEABLE, { complaint: "A request has no timeout" });
  return { ...before, ...inMilliseconds(given) };
}

function inMilliseconds(given: Partial<Timeouts>): Partial<TimeoutsMs> {
  const resolved: Record<string, number> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const option = `Timeout "${name}"`;
    const milliseconds = toMilliseconds(value, option);
    if (milliseconds === 0 && !MAY_BE_ZERO.includes(name)) throw noTime(option);
    resolved[name] = milliseconds;
  }
  return resolved;
}

/** The error of a deadline of 0 that nothing could keep. */
export function noTime(name: string): RangeError {
  return new RangeError(`${name} is 0: expected more than 0, or Infinity for no deadline`);
}
