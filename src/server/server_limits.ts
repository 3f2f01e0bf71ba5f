/**
 * How much of anything a server accepts.
 *
 * @module
 */

import { DEFAULT_LIMITS, type ParserLimits } from "../http/mod.ts";

/** The parser's limits, and those of a connection. */
export interface Limits extends ParserLimits {
  /**
   * Bytes of pipelined requests kept while one is being answered; beyond it the client is not read
   * from until then. Default 64 KiB, as Node's sockets; hyper keeps up to 400 KiB.
   */
  readonly maxPipelinedBytes: number;
  /**
   * Bytes of a request body read for nothing after its response, so that the connection may persist;
   * beyond it the connection ends. Default 64 KiB; Go reads 256 KiB.
   */
  readonly maxDrainedBytes: number;
  /**
   * Bytes a second that a request body must bring on the average while it is waited for; 0 to accept
   * any. Default 500, as Apache (`mod_reqtimeout`); `timeouts.body` is the time it has beside that.
   */
  readonly minBodyRate: number;
  /**
   * Open connections; one more is closed at once. Default `Infinity`, as Node: the limit of the system
   * on open files holds before.
   */
  readonly maxConnections: number;
}

const OWN_DEFAULTS = {
  maxPipelinedBytes: 65_536,
  maxDrainedBytes: 65_536,
  minBodyRate: 500,
  maxConnections: Infinity,
};

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} For a limit that does not exist.
 * @throws {RangeError} For a limit that is neither a whole number nor `Infinity`.
 */
export function completeLimits(given: Partial<Limits>): Limits {
  const defaults: Limits = { ...DEFAULT_LIMITS, ...OWN_DEFAULTS };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      const names = Object.keys(defaults).join(", ");
      throw new TypeError(`Unknown limit "${name}": expected one of ${names}`);
    }
    if (value !== Infinity && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new RangeError(`The limit ${name} is ${value}: expected a whole number or Infinity`);
    }
  }
  return { ...defaults, ...given };
}

/** The part of the limits that is the parser's. */
export function parserLimits(limits: Limits): ParserLimits {
  const names = Object.keys(DEFAULT_LIMITS) as (keyof ParserLimits)[];
  return Object.fromEntries(names.map((name) => [name, limits[name]])) as unknown as ParserLimits;
}
