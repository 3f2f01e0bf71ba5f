/**
 * The steps of an app: iterators, sync and async alike, and the promises of their steps.
 *
 * The app run and the closing of an app step iterators with these functions. So does middleware that
 * steps the app behind it, such as `passThrough`.
 *
 * The trap: every promise of an app needs a handler for its rejection as soon as the engine sees
 * it, because the engine may begin to wait for the promise turns later. {@linkcode adopt} adds the
 * handler.
 *
 * @module
 */

import { isOperation, optionError } from "../../coroutine/mod.ts";
import { BASE, handleRejection, handleRejectionsIn } from "../../coroutine/internal.ts";
import { showValue } from "../../coroutine/mod.ts";
import type { AppIterable } from "../app.ts";
import { checkAttached } from "./block_checks.ts";

/** One step of an app: a value it yielded, or the value it returned. */
export type Step = IteratorResult<unknown, unknown>;
/** A step of a sync iterator, or the promise of a step of an async iterator. */
export type Steps = Step | PromiseLike<Step>;

/** The methods of sync and async iterators: those of an async iterator return promises of steps. */
export interface AnyIterator {
  /** Resumes the app with the value of its last wait. */
  next(sent?: unknown): Steps;
  /** Resumes the app with an error. */
  throw?(error: unknown): Steps;
  /** Ends the app, through its `finally` blocks. */
  return?(): Steps;
}

/**
 * The step of an iterator that has ended without a value, and the end of the app run's own steps.
 */
export const DONE: Step = { done: true, value: undefined };

/**
 * Begins to step an iterable.
 *
 * @param given The result of an app.
 * @returns Its iterator; the async one if the iterable has both.
 * @throws {TypeError} If the result is no iterable of blocks, or the iterable gives no object.
 */
export function iteratorOf(given: AppIterable): AnyIterator {
  const { [Symbol.asyncIterator]: async } = iterable(given) as Partial<AsyncIterable<unknown>>;
  const iterator: unknown = async === undefined || async === BASE[Symbol.asyncIterator]
    ? (given as Iterable<unknown>)[Symbol.iterator]()
    : async.call(given as AsyncIterable<unknown>);
  // The promises of an array wait for their turn.
  if (Array.isArray(given)) handleRejectionsIn(given, 1);
  if (typeof (iterator as AnyIterator | undefined)?.next === "function") {
    return iterator as AnyIterator;
  }
  throw optionError("The iterator of an iterable", iterator, "an iterator with next()");
}

/**
 * Checks a step without a value. A primitive has neither value nor end, so it would step for ever.
 *
 * @throws {TypeError} If the step is no object.
 */
export function checkStep(step: unknown): void {
  if (typeof step === "object" && step !== null || typeof step === "function") return;
  throw new TypeError(
    `An iterator gave ${showValue(step)} as a step: expected { done, value }, as a generator gives`,
  );
}

/**
 * Checks a step with an empty block. An array that was transferred to another thread has lost its bytes.
 *
 * @throws {TypeError} If the step is no object, or its array was transferred.
 */
export function checkEmpty(step: unknown, value: unknown): void {
  if (value === undefined) return checkStep(step);
  if (value instanceof Uint8Array) checkAttached(value);
}

/**
 * Resumes an iterator with an error.
 *
 * @param iterator The iterator of an app.
 * @param error The error of the app's last wait.
 * @returns The next step.
 * @throws The error, if the iterator has no `throw`, or does not catch it.
 */
export function throwInto(iterator: AnyIterator, error: unknown): Steps {
  const { throw: method } = iterator;
  if (method === undefined || method === BASE.throw) throw error;
  return method.call(iterator, error);
}

/**
 * Ends an iterator through its `finally` blocks.
 *
 * @param iterator The iterator of an app.
 * @returns The first step of the end, or `undefined` if the iterator has no `return`.
 */
export function endEarly(iterator: AnyIterator): Steps | undefined {
  const { return: method } = iterator;
  return method === BASE.return ? undefined : method?.call(iterator);
}

/**
 * Ends an iterator after the step that has brought it the outcome of a wait. The value of that step is dropped.
 *
 * @param steps The step.
 * @param iterator The iterator of an app.
 * @returns The first step of the end; a step that is done, if there is none.
 */
export function endAfter(steps: Steps, iterator: AnyIterator): Steps {
  if (isPromise(steps)) return adoptStep(steps).then((step) => endAfter(step, iterator));
  if (steps.done) return steps;
  handleRejection(steps.value);
  return endEarly(iterator) ?? DONE;
}

/**
 * Calls `close()` of an iterable, if it has one (PEP 3333).
 *
 * @param given The result of an app.
 * @returns The result of `close()`, which may be a promise.
 */
export function callClose(given: AppIterable): unknown {
  const { close } = given;
  return close === BASE.close ? undefined : close?.call(given);
}

/**
 * Tells a promise from the other values that an app may yield.
 *
 * @param value A value that an app has yielded or returned.
 * @returns Whether the value is an object with a method `then`, and no operation.
 */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const { then } = value as { then?: unknown };
  return typeof then === "function" && then !== BASE.then && !isOperation(value);
}

/**
 * Makes a native promise of an app's promise, with a handler for its rejection.
 *
 * The engine may wait for the promise turns later: when the client has room, or after the app was
 * closed. If the promise rejected before that without a handler, the process would end.
 */
export function adopt<T>(promise: PromiseLike<T>): Promise<T> {
  const adopted = Promise.resolve(promise);
  handleRejection(adopted);
  return adopted;
}

/**
 * Adopts the promise of a step: the rejection of the promise, or of a promise that is the step's value,
 * does not end the process before the engine waits for it.
 *
 * @param promise The promise of an async iterator.
 * @returns A native promise of the same step.
 */
export function adoptStep(promise: PromiseLike<Step>): Promise<Step> {
  return adopt(Promise.resolve(promise).then(adoptValue));
}

/** Adopts the value of a step that came out of a promise: the coroutine handles it a turn later. */
export function adoptValue(step: Step): Step {
  checkStep(step);
  return isPromise(step.value) ? { done: step.done, value: adopt(step.value) } as Step : step;
}

/**
 * Checks that an app has returned an iterable of blocks.
 *
 * @param given The result of the app.
 * @param host Names the app, for the message of the error.
 * @returns The result.
 * @throws {TypeError} If it is no iterable, or a byte array or string.
 */
export function iterable(given: unknown, host: NamedApp = {}): AppIterable {
  if (typeof given === "object" && given !== null) {
    // The iterator of a byte array gives numbers.
    if (!ArrayBuffer.isView(given) && (Symbol.iterator in given || Symbol.asyncIterator in given)) {
      return given as AppIterable;
    }
  }
  const isBytes = ArrayBuffer.isView(given);
  const kind = isBytes ? "bytes" : showValue(given);
  const isResponse = typeof (Object(given) as { arrayBuffer?: unknown }).arrayBuffer === "function";
  const advice = isResponse ? "; write fromFetch(handler) for a fetch handler" : "";
  throw new TypeError(
    `${theApp(host)} gave ${kind}: expected an iterable of blocks, such as a generator or ` +
      `[body]${advice}`,
  );
}

/** Names the app of a request. */
export interface NamedApp {
  /** The name of the app's function; empty if it has none. */
  readonly appName?: string;
}

/** Names an app at the beginning of a message. */
export function theApp({ appName = "" }: NamedApp): string {
  return appName === "" ? "The app" : `The app ${appName}`;
}
