/**
 * The members that an app has added to `Object.prototype`.
 *
 * The engine tells promises, operations and generators from other objects by their methods. If an app
 * adds such a method to `Object.prototype`, every object has it. One app must not change the requests of
 * the others, so a method that comes from there does not count.
 *
 * All code that asks for a method of an unknown object compares it with this one.
 *
 * @module
 */

/** `Object.prototype`, with the members that an app may have added. */
export const BASE: {
  readonly then?: unknown;
  readonly start?: unknown;
  readonly next?: unknown;
  readonly equals?: unknown;
  readonly return?: unknown;
  readonly throw?: unknown;
  readonly close?: unknown;
  readonly getReader?: unknown;
  readonly soon?: unknown;
  readonly afterPoll?: unknown;
  readonly [Symbol.asyncIterator]?: unknown;
} = Object.prototype;

/** Whether an object is a literal, which inherits these members alone, and no object of a class. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype as object) === null;
}
