/**
 * Checks of the counts that callers pass, such as sizes, permits, recipients and limits.
 *
 * The constructors of operations, queues and semaphores call these checks, so that a wrong count
 * fails where it is written.
 *
 * @module
 */

import { showValue } from "../option_checks.ts";

/**
 * Throws an error unless a count is a whole number, `min` or more.
 *
 * @param action A verb for the error message, such as `hold`.
 * @param count The caller's count.
 * @param unit The counted things, such as `items`.
 * @param min The smallest allowed count.
 */
export function requireWhole(action: string, count: number, unit: string, min: 0 | 1): void {
  if (Number.isInteger(count) && count >= min) return;
  throw new RangeError(
    `Cannot ${action} ${showValue(count)} ${unit}: expected a whole number, ${min} or more`,
  );
}

/**
 * Throws an error unless a count is 1 or more; `Infinity` is allowed.
 *
 * @param action A verb for the error message, such as `read`.
 * @param count The caller's count.
 * @param unit The counted things, such as `bytes`.
 */
export function requireOneOrMore(action: string, count: number, unit: string): void {
  if (typeof count === "number" && count >= 1) return;
  throw new RangeError(`Cannot ${action} ${showValue(count)} ${unit}: expected 1 or more`);
}
