/** Assertions about one value. */

import { AssertionError, failWith } from "./assertion_error.ts";
import { format } from "./format.ts";

/** The type of the values that are false in a condition. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Any class, abstract or not. */
export type AnyConstructor = abstract new (...args: never[]) => unknown;

/** The type of the objects that a class makes. */
export type GetConstructorType<T extends AnyConstructor> = T extends
  abstract new (...args: never[]) => infer C ? C : never;

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Asserts that `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Asserts that `actual` is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    failWith(`Expected actual: "${actual}" to not be null or undefined`, msg);
  }
}

/** Asserts that `actual` was made by the class `expectedType` or by a subclass. */
export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is GetConstructorType<T> {
  if (actual instanceof expectedType) return;
  const found = typeof actual === "object" && actual !== null
    ? actual.constructor?.name ?? "Object"
    : format(actual);
  failWith(`Expected object to be an instance of "${expectedType.name}" but was "${found}"`, msg);
}

/** Asserts that `actual` was not made by the class `unexpectedType`. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: abstract new (...args: never[]) => T,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (actual instanceof unexpectedType) {
    failWith(`Expected object to not be an instance of "${unexpectedType.name}"`, msg);
  }
}

/** Fails always. */
export function fail(msg?: string): never {
  failWith("Failed assertion", msg);
}

/** Fails in code that should never run. */
export function unreachable(reason?: string): never {
  failWith("Unreachable", reason);
}

/** Fails in code that is not written yet. */
export function unimplemented(msg?: string): never {
  failWith("Unimplemented", msg);
}
