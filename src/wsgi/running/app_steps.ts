/**
 * What an app gives, step by step: iterators sync and async, and the kinds of their values.
 *
 * @module
 */

import { handleRejection } from "../../coroutine/internal.ts";
import type { AppIterable, Block } from "../app.ts";

/** One step of an app. */
export type Step = IteratorResult<unknown, unknown>;
/** The same of an async app. */
export type Steps = Step | PromiseLike<Step>;

/** The methods of sync and async iterators alike: the latter give promises of steps. */
export interface AnyIterator {
  next(sent?: unknown): Steps;
  throw?(error: unknown): Steps;
  return?(): Steps;
}

/** The end of what an app gives. */
export const DONE: Step = { done: true, value: undefined };

/** Goes on with an error; one that the iterator cannot take is the app's. */
export function throwInto(iterator: AnyIterator, error: unknown): Steps {
  if (iterator.throw === undefined) throw error;
  return iterator.throw(error);
}

/** Whether a value is to be waited for as a promise. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}

/**
 * The native promise of a promise that an app gave, with a handler for its rejection.
 *
 * The engine may wait for it turns later, when the client has room or the app has been closed. Without
 * a handler until then, a rejection would end the process.
 */
export function adopt<T>(promise: PromiseLike<T>): Promise<T> {
  const adopted = Promise.resolve(promise);
  handleRejection(adopted);
  return adopted;
}

/** The promise of a step, whose value is adopted as well. */
export function adoptStep(promise: PromiseLike<Step>): Promise<Step> {
  return adopt(Promise.resolve(promise).then(adoptValue));
}

/** Adopts the value of a step that came out of a promise: the coroutine looks at it a turn later. */
export function adoptValue(step: Step): Step {
  return isPromise(step.value) ? { done: step.done, value: adopt(step.value) } as Step : step;
}

/** What can only be sent, not waited for. */
export function isBlock(value: unknown): value is Block {
  return typeof value === "string" ? value !== "" : value instanceof Uint8Array && value.length > 0;
}

/** Whether a value only lets go of what is pending. */
export function isEmpty(value: unknown): boolean {
  return value === "" || value === undefined || (value instanceof Uint8Array && value.length === 0);
}

/** What an app gave, if it is an iterable of blocks. */
export function iterable(given: unknown): AppIterable {
  if (typeof given === "object" && given !== null) {
    const isBlock = given instanceof Uint8Array; // of which an iterator would give numbers
    if (!isBlock && (Symbol.iterator in given || Symbol.asyncIterator in given)) {
      return given as AppIterable;
    }
  }
  const what = given === null ? "null" : given instanceof Uint8Array ? "bytes" : typeof given;
  throw new TypeError(
    `The app gave ${what}: expected an iterable of blocks, such as a generator or an array`,
  );
}

/** Begins to step an iterable. */
export function iteratorOf(given: AppIterable): AnyIterator {
  if (Symbol.asyncIterator in given) return given[Symbol.asyncIterator]();
  return given[Symbol.iterator]();
}
