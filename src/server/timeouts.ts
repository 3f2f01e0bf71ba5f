/**
 * How long each phase of a connection may take.
 *
 * One deadline at a time, checked about once a second: a phase may last up to a second longer.
 *
 * @module
 */

import { type Duration, toMilliseconds } from "../coroutine/mod.ts";
import type { RequestTimeouts } from "../wsgi/request_timeouts.ts";

/** A deadline for each phase; `Infinity` for none. */
export interface Timeouts {
  /** From the first byte of a request to the end of its head. Default 30 s; then 408. */
  readonly head: Duration;
  /**
   * For a request body that the app waits for, or that is read for nothing after the response. What
   * comes gives more time, by `limits.minBodyRate`, up to this again. Default 30 s; then 408.
   */
  readonly body: Duration;
  /**
   * From a request's head to the end of its app, which is then cancelled through `finally`; 503 if
   * nothing was sent. Default `Infinity`: a long poll is no error.
   */
  readonly request: Duration;
  /** While the client takes nothing of the response. Default 60 s. */
  readonly write: Duration;
  /** From one response to the next request, and before the first. Default 60 s. */
  readonly idle: Duration;
  /** After the last response, for the client to close. Default 10 s. */
  readonly linger: Duration;
  /**
   * For the response to a client that has ended its side, as one does that is gone: the two look the
   * same. Default 0.05 s; `Infinity` serves those who half-close in full.
   */
  readonly halfClosed: Duration;
  /**
   * For the `finally` blocks and the `close()` of an app, after its response or after its client has
   * gone; an app that takes longer is abandoned, and that is logged. Default 30 s.
   */
  readonly close: Duration;
}

/** Deadlines in milliseconds. */
export type Milliseconds = Readonly<Record<keyof Timeouts, number>>;

const DEFAULTS: Timeouts = {
  head: 30,
  body: 30,
  request: Infinity,
  write: 60,
  idle: 60,
  linger: 10,
  halfClosed: 0.05,
  close: 30,
};

/** What an app may change for its own request; the other phases are between requests. */
const CHANGEABLE = ["body", "request", "write", "close"] as const;

/**
 * Fills in the defaults.
 *
 * @returns Milliseconds.
 * @throws {TypeError} For a phase that does not exist.
 * @throws {RangeError} For a negative time.
 */
export function resolveTimeouts(given: Partial<Timeouts>): Milliseconds {
  checkNames(given, Object.keys(DEFAULTS), "Unknown timeout");
  return { ...inMilliseconds(DEFAULTS), ...inMilliseconds(given) } as Milliseconds;
}

/**
 * What an app has set for its own request, over what holds for it so far.
 *
 * @returns Milliseconds.
 * @throws {TypeError} For a phase that does not exist, or is not the request's own.
 * @throws {RangeError} For a negative time.
 */
export function changeTimeouts(before: Milliseconds, given: RequestTimeouts): Milliseconds {
  checkNames(given, CHANGEABLE, "A request has no timeout");
  return { ...before, ...inMilliseconds(given) };
}

function checkNames(given: object, names: readonly string[], complaint: string): void {
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    throw new TypeError(`${complaint} "${name}": expected one of ${names.join(", ")}`);
  }
}

function inMilliseconds(given: Partial<Timeouts>): Partial<Milliseconds> {
  const resolved: Record<string, number> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (typeof value === "number" && !(value >= 0)) {
      throw new RangeError(`Timeout "${name}" is ${value} seconds: expected 0 or more`);
    }
    resolved[name] = toMilliseconds(value);
  }
  return resolved;
}
