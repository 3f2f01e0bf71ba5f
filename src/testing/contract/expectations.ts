/**
 * The comparisons of the checks. A comparison that fails throws an error that says in which way the adapter
 * differs.
 *
 * @module
 */

import { showValue } from "../../coroutine/mod.ts";

/** The reason for which a check says nothing about this adapter. */
export class NotApplicable extends Error {
  /** `NotApplicable`. */
  override readonly name = "NotApplicable";
}

/** A call of the adapter that does not end as it must: not in time, or without a promise. */
export class WrongCall extends Error {
  /** `WrongCall`. */
  override readonly name = "WrongCall";
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
  let at = 0;
  for (const piece of pieces) {
    const place = firstDifference(piece, expected.subarray(at, at + piece.length));
    if (place !== undefined) {
      throw new Error(
        `${receiver} got byte ${piece[place]} in place of ${expected[at + place]}, as number ` +
          `${at + place + 1} of ${expected.length} bytes`,
      );
    }
    at += piece.length;
  }
  if (at === expected.length) return;
  throw new Error(`${receiver} got ${at} bytes, but ${expected.length} were sent`);
}

/**
 * The first place at which two arrays differ, within the shorter one. Four bytes are compared at a time,
 * because the checks compare some hundred megabytes.
 */
function firstDifference(one: Uint8Array, other: Uint8Array): number | undefined {
  const length = Math.min(one.length, other.length);
  const count = length >> 2;
  const [words, otherWords] = [wordsOf(one, count), wordsOf(other, count)];
  let word = 0;
  while (word < count && words[word] === otherWords[word]) word++;
  let at = 4 * word;
  while (at < length && one[at] === other[at]) at++;
  return at < length ? at : undefined;
}

/** The bytes as numbers of 32 bits: a copy, if the bytes do not begin at the place of such a number. */
function wordsOf(bytes: Uint8Array, count: number): Uint32Array {
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(buffer, byteOffset, count);
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
    if (error instanceof WrongCall) throw error;
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
