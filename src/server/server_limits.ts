/**
 * The limits of a server on sizes, counts and rates.
 *
 * @module
 */

import { checkNames } from "../coroutine/mod.ts";
import { DEFAULT_LIMITS, type ParserLimits } from "../http/mod.ts";
import { checkLimit } from "../http/parser_limits.ts";

/** The parser's limits, and those of a connection. */
export interface Limits extends ParserLimits {
  /**
   * The bytes of pipelined requests that may wait while a request is answered. If more wait, the
   * server stops reading until the request is answered and the client has taken the answer. One
   * read may exceed the limit. Default 64 KiB, as Node's sockets; hyper keeps up to 400 KiB.
   */
  readonly maxPipelinedBytes: number;
  /**
   * The bytes of a request body that are read and discarded after its response, so that the
   * connection may persist. A longer rest ends the connection. Default 64 KiB; Go reads 256 KiB.
   */
  readonly maxDrainedBytes: number;
  /**
   * The bytes that must arrive each second, on the average, while the app waits for a request body;
   * 0 allows any rate, and `Infinity` is an error. Default 500, as Apache (`mod_reqtimeout`);
   * `timeouts.body` is the time added to that.
   */
  readonly minBodyRate: number;
  /**
   * The open connections, 1 or more. A further connection is closed at once. Default `Infinity`, as in Node:
   * the system's limit on open files is reached first.
   */
  readonly maxConnections: number;
}

/** The limits of a server whose options name no other values. */
export const DEFAULT_SERVER_LIMITS: Limits = Object.freeze({
  ...DEFAULT_LIMITS,
  maxPipelinedBytes: 65_536,
  maxDrainedBytes: 65_536,
  minBodyRate: 500,
  maxConnections: Infinity,
});

/** The limits of which 0 would refuse every request of HTTP/1.1. */
const ABOVE_ZERO: readonly string[] = [
  "maxLineBytes",
  "maxHeadBytes",
  "maxFieldCount",
  "maxConnections",
];

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} For a limit that does not exist.
 * @throws {RangeError} For a limit that is neither a whole number nor `Infinity`, or is too small.
 */
export function completeLimits(given: Partial<Limits> = {}): Limits {
  given = checkNames("limits", given, Object.keys(DEFAULT_SERVER_LIMITS), {
    complaint: "Unknown limit",
  });
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [name, value] of set) {
    checkLimit(name, value, ABOVE_ZERO.includes(name) ? 1 : 0);
  }
  if (given.minBodyRate === Infinity) {
    throw new RangeError("The limit minBodyRate is Infinity: write 0 for any rate");
  }
  return { ...DEFAULT_SERVER_LIMITS, ...Object.fromEntries(set) };
}

/** Picks the limits that the parser enforces. */
export function parserLimits(limits: Limits): ParserLimits {
  const names = Object.keys(DEFAULT_LIMITS) as (keyof ParserLimits)[];
  return Object.fromEntries(names.map((name) => [name, limits[name]])) as unknown as ParserLimits;
}
