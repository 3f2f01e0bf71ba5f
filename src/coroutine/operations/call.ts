/**
 * `Call`: running a function as a part of the caller: a coroutine, an operation, or async code.
 *
 * `yield* Call(fn)` steps the generator of `fn` inside the caller; the untyped `yield Call(fn)`
 * adds a child coroutine and joins it. An operation that `fn` gives is performed in the caller.
 *
 * @module
 */

import { notePerformed } from "../origin.ts";
import {
  type Abort,
  BaseOperation,
  isOperation,
  type Operation,
  OperationIterator,
  type Resume,
} from "../operation.ts";
import { nameOf } from "../error_text.ts";
import { showValue } from "../option_checks.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import { type Coroutine, type CoroutineFunction, isCoroutine } from "../task.ts";
import { CallIterator } from "../kernel/unwind.ts";
import { isThenable } from "../interop/promises.ts";
import { until } from "./until.ts";

/**
 * The value that a call gives, by the type that the called function returns: that of an operation,
 * of a coroutine, of a promise, or the returned value itself.
 */
export type CalledValue<R> = R extends Operation<infer T> ? T
  : R extends Generator<unknown, infer T, unknown> ? T
  : Awaited<R>;

/**
 * Runs another coroutine and waits for its result.
 *
 * A plain `yield* fn()` does nearly the same at less cost, with one trap: if a `finally` block of
 * `fn` waits while the coroutine is being cancelled, ECMAScript forgets the cancellation, and the
 * caller goes on behind its `yield*`. So call a function with such a `finally` block with
 * `yield* Call(fn)`.
 *
 * @param fn Usually a generator function. It may also give an operation (`Call(queue.get)`), a
 *   promise, or a plain value.
 * @param args Its arguments.
 * @returns An operation that gives the result of the coroutine, of the operation or of the promise,
 *   or throws its error at the `yield`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Call, ManualClock, Scheduler, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * function* later(value: number) {
 *   yield* Sleep(1);
 *   return value;
 * }
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   return (yield* Call(later, 1)) + (yield* Call(later, 2));
 * });
 * clock.advance(2000);
 * assertEquals(task.result, 3);
 * ```
 */
export function Call<A extends unknown[], T>(
  fn: CoroutineFunction<A, T>,
  ...args: A
): Operation<T>;
/**
 * Calls a function, and waits for the operation, the coroutine or the promise that it gives.
 *
 * @param fn Any function.
 * @param args Its arguments.
 * @returns An operation that gives the result, or throws the error at the `yield`.
 */
export function Call<A extends unknown[], R>(
  fn: (...args: A) => R,
  ...args: A
): Operation<CalledValue<R>>;
export function Call(fn: (...args: unknown[]) => unknown, ...args: unknown[]): Operation<unknown> {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot call ${showValue(fn)}: expected a function`);
  }
  return new CallOperation(fn, args);
}

class CallOperation extends BaseOperation<unknown> {
  readonly #fn: (...args: unknown[]) => unknown;
  readonly #args: unknown[];

  constructor(fn: (...args: unknown[]) => unknown, args: unknown[]) {
    super();
    this.#fn = fn;
    this.#args = args;
  }

  get name(): string {
    return `Call(${nameOf(this.#fn)})`;
  }

  /**
   * For `yield* Call(fn)`: as `yield* fn()`, but cancelling works in a `finally` that waits, too.
   */
  override [Symbol.iterator](): Iterator<Operation<unknown>, unknown, unknown> {
    const given = this.#fn(...this.#args);
    if (isOperation(given)) return new OperationIterator(given);
    if (isThenable(given)) return new OperationIterator(until(given));
    if (isCoroutine(given)) return new CallIterator(given);
    return { next: () => ({ done: true, value: given }) };
  }

  /**
   * For `yield Call(fn)`: performs the operation in place of this one. A coroutine becomes a child
   * and is joined; aborting the wait cancels the child.
   */
  start(resume: Resume<unknown>): Abort | void {
    const given = this.#fn(...this.#args);
    if (isOperation(given)) {
      notePerformed(given);
      return given.start(resume);
    }
    if (isThenable(given)) {
      const settling = until(given);
      notePerformed(settling);
      return settling.start(resume);
    }
    if (!isCoroutine(given)) return resume.value(given);
    const name = nameOf(this.#fn);
    const { [name]: make } = { [name]: () => given }; // the function has the name of its key
    const child = resume.scheduler.add(make as () => Coroutine<unknown>) as RunningTask<unknown>;
    child.join(resume);
    return () => child.cancel();
  }
}
