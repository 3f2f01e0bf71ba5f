/**
 * Durations and deadlines, as every timed operation accepts them.
 *
 * @module
 */

/** A length of time: seconds, or named parts that add up (a `Temporal.Duration` fits). */
export type Duration = number | {
  readonly milliseconds?: number;
  readonly seconds?: number;
  readonly minutes?: number;
  readonly hours?: number;
};

/** A deadline: a length of time from now, or the moment itself. */
export type Deadline = Duration | Date;

/**
 * A duration in milliseconds.
 *
 * @param duration Seconds, or named parts.
 * @returns Milliseconds, 0 or more; `Infinity` stays so.
 * @throws {RangeError} If it is negative or not a number.
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
export function toMilliseconds(duration: Duration): number {
  const milliseconds = typeof duration === "number"
    ? duration * 1000
    : (duration.milliseconds ?? 0) + (duration.seconds ?? 0) * 1000 +
      (duration.minutes ?? 0) * 60_000 + (duration.hours ?? 0) * 3_600_000;
  if (!(milliseconds >= 0)) {
    throw new RangeError(`Cannot wait for ${describe(duration)}: expected 0 seconds or more`);
  }
  return milliseconds;
}

/**
 * A deadline in milliseconds from now.
 *
 * @param deadline A duration, or a `Date`, which is compared with the wall clock now.
 * @returns Milliseconds, 0 or more (0 for a `Date` that has passed).
 * @throws {RangeError} If it is negative, not a number, or an invalid `Date`.
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
export function fromNow(deadline: Deadline): number {
  if (!(deadline instanceof Date)) return toMilliseconds(deadline);
  const milliseconds = deadline.getTime() - Date.now();
  if (Number.isNaN(milliseconds)) throw new RangeError("Cannot wait until an invalid Date");
  return Math.max(0, milliseconds);
}

function describe(duration: Duration): string {
  return typeof duration === "number" ? `${duration} seconds` : JSON.stringify(duration);
}
