/** Assertions about text. */

import { failWith } from "./assertion_error.ts";
import { format } from "./format.ts";

/** Asserts that `actual` matches the expression. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) {
    failWith(`Expected actual: ${format(actual)} to match: ${expected}`, msg);
  }
}

/** Asserts that `actual` does not match the expression. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) {
    failWith(`Expected actual: ${format(actual)} to not match: ${expected}`, msg);
  }
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    failWith(`Expected actual: ${format(actual)} to contain: ${format(expected)}`, msg);
  }
}
