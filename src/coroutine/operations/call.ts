/**
 * `Call` runs another coroutine as a part of the caller.
 *
 * `yield* Call(fn)` steps the generator of `fn` inside the caller; the untyped `yield Call(fn)`
 * adds a child coroutine and joins it.
 *
 * @module
 */

import { type Abort, BaseOperation, type Operation, type Resume } from "../operation.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import type { Coroutine, CoroutineFunction } from "../task.ts";
import { CallIterator } from "../kernel/unwind.ts";

/**
 * Runs another coroutine and waits for its result.
 *
 * A plain `yield* fn()` does nearly the same at less cost, with one trap: if a `finally` block of
 * `fn` waits while the coroutine is being cancelled, ECMAScript forgets the cancellation, and the
 * caller goes on behind its `yield*`. So call a function with such a `finally` block with
 * `yield* Call(fn)`.
 *
 * @param fn Usually a generator function.
 * @param args Its arguments.
 * @returns An operation that gives the coroutine's result, or throws its error at the `yield`.
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
): Operation<T> {
  return new CallOperation(fn, args);
}

class CallOperation<A extends unknown[], T> extends BaseOperation<T> {
  readonly #fn: CoroutineFunction<A, T>;
  readonly #args: A;

  constructor(fn: CoroutineFunction<A, T>, args: A) {
    super();
    this.#fn = fn;
    this.#args = args;
  }

  get name(): string {
    return `Call(${this.#fn.name})`;
  }

  /**
   * Runs the coroutine for `yield* Call(fn)`. This does the same as `yield* fn()`, but a
   * cancellation also works in a `finally` that waits.
   */
  override [Symbol.iterator](): Iterator<Operation<unknown>, T, unknown> {
    return new CallIterator(this.#fn(...this.#args));
  }

  /** Adds a child and joins it, for `yield Call(fn)`. An abort of the wait cancels the child. */
  start(resume: Resume<T>): Abort {
    const fn = this.#fn as (...args: A) => Coroutine<T>;
    const child = resume.scheduler.add(fn, ...this.#args) as RunningTask<T>;
    child.join(resume);
    return () => child.cancel();
  }
}
