/** Assertions about errors that are thrown or that a promise rejects with. */

import { AssertionError, failWith } from "./assertion_error.ts";
import { format } from "./format.ts";

type ErrorConstructor<E extends Error> = abstract new (...args: never[]) => E;

interface Expectation<E extends Error> {
  readonly type: ErrorConstructor<E> | undefined;
  readonly includes: string | undefined;
  readonly msg: string | undefined;
}

/** Asserts that `fn` throws, and returns the thrown value. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Asserts that `fn` throws an error of that class with that text in it, and gives the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClassOrMsg?: ErrorConstructor<E> | string,
  msgIncludesOrMsg?: string,
  msg?: string,
): unknown {
  const expectation = readExpectation(errorClassOrMsg, msgIncludesOrMsg, msg);
  try {
    fn();
  } catch (error) {
    return check(error, expectation, "thrown");
  }
  failWith("Expected function to throw", expectation.msg);
}

/** Asserts that the promise of `fn` rejects, and returns the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Asserts that the promise of `fn` rejects with such an error, and gives the error. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorConstructor<E> | string,
  msgIncludesOrMsg?: string,
  msg?: string,
): Promise<unknown> {
  const expectation = readExpectation(errorClassOrMsg, msgIncludesOrMsg, msg);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    failWith(`Function throws when expected to reject: ${String(error)}`, expectation.msg);
  }
  try {
    await promise;
  } catch (error) {
    return check(error, expectation, "rejected with");
  }
  failWith("Expected function to reject", expectation.msg);
}

/** Asserts that `error` is an error of that class, with that text in its message. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorConstructor<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) failWith(`Expected "error" to be an Error object`, msg);
  if (ErrorClass !== undefined && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor.name}"` +
        `${msg ? `: ${msg}` : "."}\n${error.stack ?? error.message}`,
      { cause: error },
    );
  }
  if (msgMatches === undefined || matches(error.message, msgMatches)) return;
  failWith(
    `Expected error message to include ${format(msgMatches)}, but got ${format(error.message)}`,
    msg,
  );
}

function matches(message: string, expected: string | RegExp): boolean {
  return typeof expected === "string" ? message.includes(expected) : expected.test(message);
}

function readExpectation<E extends Error>(
  errorClassOrMsg: ErrorConstructor<E> | string | undefined,
  msgIncludesOrMsg: string | undefined,
  msg: string | undefined,
): Expectation<E> {
  if (typeof errorClassOrMsg === "string") {
    return { type: undefined, includes: undefined, msg: errorClassOrMsg };
  }
  return { type: errorClassOrMsg, includes: msgIncludesOrMsg, msg };
}

function check<E extends Error>(error: unknown, expected: Expectation<E>, verb: string): unknown {
  if (expected.type === undefined) return error;
  if (!(error instanceof Error)) failWith(`A non-Error object was ${verb}`, expected.msg);
  assertIsError(error, expected.type, expected.includes, expected.msg);
  return error;
}
