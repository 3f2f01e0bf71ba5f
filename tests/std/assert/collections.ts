/** Assertions that one collection holds another. */

import { failWith } from "./assertion_error.ts";
import { equal } from "./equal.ts";
import { assertEquals } from "./equals.ts";
import { format } from "./format.ts";

/** The type of arrays and array-like objects. A string is none. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** Asserts that every element of `expected` is, by deep equality, in `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const held = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !held.some((other) => equal(item, other)));
  if (missing.length === 0) return;
  failWith(
    `Expected actual: ${format(actual)} to include: ${format(expected)}, ` +
      `missing: ${format(missing)}`,
    msg,
  );
}

/** Asserts that `actual` has, deeply, all properties of `expected`. It may have more. */
export function assertObjectMatch(
  actual: object,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals<unknown>(overlap(actual, expected), plain(expected), msg);
}

/** Gives the part of `actual` that `expected` names, as plain objects. */
function overlap(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return actual.map((item, index) =>
      index in expected ? overlap(item, expected[index]) : plain(item)
    );
  }
  if (!isRecord(actual) || !isRecord(expected)) return actual;
  const keys = Reflect.ownKeys(expected).filter((key) => key in actual);
  return Object.fromEntries(
    keys.map((key) => [key, overlap(Reflect.get(actual, key), Reflect.get(expected, key))]),
  );
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Reflect.ownKeys(value).map((key) => [key, plain(Reflect.get(value, key))]),
  );
}

/**
 * Whether a value is an object that is compared property by property. The built-in containers are
 * compared as a whole.
 */
function isRecord(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return ![RegExp, Date, Map, Set, Error].some((type) => value instanceof type) &&
    !ArrayBuffer.isView(value);
}
