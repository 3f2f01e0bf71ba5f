/** Assertions that compare two values. */

import { AssertionError, failWith } from "./assertion_error.ts";
import { diffLines } from "./diff.ts";
import { equal } from "./equal.ts";
import { format } from "./format.ts";

/** Asserts that both values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) throw mismatch("Values are not equal", actual, expected, msg);
}

/** Asserts that the values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) {
    failWith(`Expected actual: ${format(actual)} not to be: ${format(expected)}`, msg);
  }
}

/** Asserts that both are the same value for `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw mismatch("Values are not strictly equal", actual, expected, msg);
}

/** Asserts that the two are not the same value for `Object.is`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (Object.is(actual, expected)) {
    failWith(`Expected "actual" to not be strictly equal to: ${format(actual)}`, msg);
  }
}

function mismatch(
  title: string,
  actual: unknown,
  expected: unknown,
  msg: string | undefined,
): AssertionError {
  const [left, right] = [format(actual), format(expected)];
  const detail = left === right
    ? `    both print as: ${left}`
    : `    [Diff] - Actual / + Expected\n\n${diffLines(left, right)}`;
  return new AssertionError(`${title}${msg ? `: ${msg}` : "."}\n${detail}\n`);
}
