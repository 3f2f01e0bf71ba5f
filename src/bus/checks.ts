/**
 * The checks of names, positions and counts.
 *
 * A name becomes a part of a key of Redis and of a subject of NATS, so its length is bounded. All files of
 * this folder call these checks.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";
import type { BusPosition } from "../wsgi/mod.ts";

/** The largest name, in bytes of UTF-8: a stream of NATS has a name of at most 255 bytes. */
const MAX_NAME_BYTES = 80;

const utf8 = new TextEncoder();

/**
 * Checks the name of a signal, a topic or a queue.
 *
 * @param kind The kind of the object, for the message of the error.
 * @throws {TypeError} If the name is no text, is empty or too long, or has control characters.
 */
export function checkName(kind: string, name: unknown): string {
  const isText = typeof name === "string" && name !== "" && !/[\p{Cc}\p{Cs}]/u.test(name);
  if (isText && utf8.encode(name).length <= MAX_NAME_BYTES) return name;
  const expected = `a text of 1 to ${MAX_NAME_BYTES} bytes without control characters`;
  throw optionError(`The name of the ${kind}`, name, expected);
}

/**
 * Checks a whole number from 1.
 *
 * @throws {TypeError} If the value is no number.
 * @throws {RangeError} If it is no whole number, or below 1.
 */
export function checkCount(name: string, value: unknown): number {
  const expected = "a whole number, 1 or more";
  if (typeof value !== "number") throw optionError(name, value, expected);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`${name} is ${value}: expected ${expected}`);
}

/** @throws {TypeError} If a place to begin is of another kind. */
export function checkAfter(after: unknown): BusPosition | "start" | "end" {
  if (after === "start" || after === "end") return after;
  const { epoch, offset } = (after ?? {}) as Partial<BusPosition>;
  if (typeof epoch === "string" && typeof offset === "number") return { epoch, offset };
  throw optionError("after of subscribe", after, '"start", "end" or { epoch, offset }');
}
