/**
 * The comparisons of the checks. A comparison that fails throws an error that says in which way the adapter
 * differs.
 *
 * @module
 */

import { showValue } from "../../coroutine/mod.ts";
import { joinBytes } from "../../socket/mod.ts";

/** The reason for which a check says nothing about this adapter. */
export class NotApplicable extends Error {
  /** `NotApplicable`. */
  override readonly name = "NotApplicable";
}

/**
 * Compares two values that JSON can write.
 *
 * @param subject The subject of the message, such as `the events`.
 * @param actual The value of the adapter.
 * @param expected The value that the contract asks for.
 * @throws An `Error` with both values, if they differ.
 */
export function expectEqual(subject: string, actual: unknown, expected: unknown): void {
  if (textOf(actual) === textOf(expected)) return;
  throw new Error(`${subject}: expected ${showValue(expected)}, got ${showValue(actual)}`);
}

/**
 * Asks for a condition.
 *
 * @param condition The condition.
 * @param complaint Says in which way the adapter fails.
 * @throws An `Error` with the complaint, if the condition is false.
 */
export function expect(condition: boolean, complaint: string): asserts condition {
  if (!condition) throw new Error(complaint);
}

/**
 * Compares bytes, which may be megabytes.
 *
 * @param receiver The side that got them, such as `the peer`.
 * @param pieces The pieces that came.
 * @param expected The bytes that were sent.
 * @throws An `Error` with the first place that differs.
 */
export function expectBytes(
  receiver: string,
  pieces: readonly Uint8Array[],
  expected: Uint8Array,
): void {
  const whole = joinBytes(pieces);
  const shorter = Math.min(whole.length, expected.length);
  let at = 0;
  while (at < shorter && whole[at] === expected[at]) at++;
  if (at < shorter) {
    throw new Error(
      `${receiver} got byte ${whole[at]} in place of ${expected[at]}, as number ${at + 1} of ` +
        `${expected.length} bytes`,
    );
  }
  if (whole.length === expected.length) return;
  throw new Error(`${receiver} got ${whole.length} bytes, but ${expected.length} were sent`);
}

/**
 * Waits for a promise that must reject.
 *
 * @param subject The subject of the message, such as `dial`.
 * @param act Makes the promise.
 * @returns The reason.
 * @throws An `Error` if the promise resolves, or the reason is no error.
 */
export async function expectRejection(
  subject: string,
  act: () => Promise<unknown>,
): Promise<Error> {
  try {
    await act();
  } catch (error) {
    expect(
      error instanceof Error,
      `${subject} rejected with ${showValue(error)}, which is no Error`,
    );
    return error;
  }
  throw new Error(`${subject} resolved, but had to reject`);
}

/** JSON with the names of objects in one order; `undefined` stays apart from `null`. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (part === undefined) return "undefined";
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort());
  });
}
