/**
 * The durations and deadlines of timed operations and of options.
 *
 * A value that is no duration is an error at the call, never a duration of 0: a mistyped time limit
 * would otherwise end every wait at once. The operations and the checks of options in all layers
 * call these functions.
 *
 * @module
 */

import { isPlain } from "./base_members.ts";
import { optionError, showValue } from "./option_checks.ts";

/**
 * A length of time: seconds, or named parts that add up (a `Temporal.Duration` fits, if it has no
 * years and no months).
 */
export type Duration = number | {
  readonly nanoseconds?: number;
  readonly microseconds?: number;
  readonly milliseconds?: number;
  readonly seconds?: number;
  readonly minutes?: number;
  readonly hours?: number;
  readonly days?: number;
  readonly weeks?: number;
};

/** A deadline: a length of time from now, or the moment itself. */
export type Deadline = Duration | Date;

/**
 * A duration in milliseconds.
 *
 * @param duration Seconds, or named parts. A day has 24 hours.
 * @param name The name of the option, for the error message.
 * @returns Milliseconds, 0 or more; `Infinity` stays so.
 * @throws {TypeError} If the value is no duration: neither a number nor an object with one part or
 *   more, each a number, and with no other members.
 * @throws {RangeError} If it is negative or not a number, or has years or months.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { toMilliseconds } from "@x/cogen-wsgi/coroutine";
 *
 * assertEquals(toMilliseconds(1.5), 1500);
 * assertEquals(toMilliseconds({ minutes: 1, seconds: 5 }), 65_000);
 * ```
 */
export function toMilliseconds(duration: Duration, name: string = "The duration"): number {
  const milliseconds = typeof duration === "number" ? duration * 1000 : sumOfParts(duration, name);
  if (milliseconds >= 0) return milliseconds;
  const value = typeof duration === "number" ? `${duration} seconds` : showValue(duration);
  throw new RangeError(`${name} is ${value}: expected 0 or more`);
}

/**
 * A deadline in milliseconds from now.
 *
 * @param deadline A duration, or a `Date`, which is compared with the wall clock now.
 * @param name The name of the option, for the error message.
 * @returns Milliseconds, 0 or more (0 for a `Date` that has passed).
 * @throws {TypeError} If the value is neither a duration nor a `Date`.
 * @throws {RangeError} If it is negative, not a number, or an invalid `Date`, or has years or
 *   months.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fromNow } from "@x/cogen-wsgi/coroutine";
 *
 * assertEquals(fromNow(2), 2000);
 * assertEquals(fromNow(new Date(0)), 0);
 * ```
 */
export function fromNow(deadline: Deadline, name: string = "The deadline"): number {
  if (!(deadline instanceof Date)) return toMilliseconds(deadline, name);
  const milliseconds = deadline.getTime() - Date.now();
  if (Number.isNaN(milliseconds)) throw new RangeError(`${name} is an invalid Date`);
  return Math.max(0, milliseconds);
}

/** The milliseconds in each part. */
const MILLISECONDS: Readonly<Record<string, number>> = {
  nanoseconds: 1e-6,
  microseconds: 1e-3,
  milliseconds: 1,
  seconds: 1000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
  weeks: 604_800_000,
};

/** The parts of a `Temporal.Duration` whose length depends on the calendar. */
const WITHOUT_LENGTH = ["years", "months"];

/**
 * Adds the parts up. An object of a class, such as a `Temporal.Duration`, may have other members. A
 * plain object may not, because a mistyped part would have no effect.
 */
function sumOfParts(duration: unknown, name: string): number {
  if (typeof duration !== "object" || duration === null || duration instanceof Date) {
    throw noDuration(duration, name);
  }
  for (const part of WITHOUT_LENGTH) {
    const value = partOf(duration, part);
    if (value === undefined || value === 0) continue;
    const reason = `${part} have no fixed length: expected weeks, days or shorter parts`;
    throw new RangeError(`${name} is ${showValue(duration)}: ${reason}`);
  }
  if (isPlain(duration)) {
    const stranger = Object.keys(duration).find((key) =>
      !Object.hasOwn(MILLISECONDS, key) && !WITHOUT_LENGTH.includes(key)
    );
    if (stranger !== undefined) throw noDuration(duration, name);
  }
  let sum: number | undefined;
  for (const [part, milliseconds] of Object.entries(MILLISECONDS)) {
    const value = partOf(duration, part);
    if (value === undefined) continue;
    if (typeof value !== "number") throw noDuration(duration, name);
    sum = (sum ?? 0) + value * milliseconds;
  }
  if (sum === undefined) throw noDuration(duration, name);
  return sum;
}

/** Reads a part. In a plain object, a member that an app has added to `Object.prototype` is no part. */
function partOf(duration: object, part: string): unknown {
  const isForeign = part in Object.prototype && isPlain(duration) && !Object.hasOwn(duration, part);
  return isForeign ? undefined : (duration as Readonly<Record<string, unknown>>)[part];
}

function noDuration(value: unknown, name: string): TypeError {
  return optionError(
    name,
    value,
    "seconds as a number, or parts such as { minutes: 1, seconds: 30 }",
  );
}
