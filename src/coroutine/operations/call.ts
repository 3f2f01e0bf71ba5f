/**
 * Running a coroutine as a part of this one.
 *
 * @module
 */

import { type Abort, BaseOperation, type Operation, type Resume } from "../operation.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import type { Coroutine, CoroutineFunction } from "../task.ts";
import { CallIterator } from "../kernel/unwind.ts";

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

  /** `yield* Call(fn)` needs no scheduler: it is `yield* fn()`, but can be cancelled at any time. */
  override [Symbol.iterator](): Iterator<Operation<unknown>, T, unknown> {
    return new CallIterator(this.#fn(...this.#args));
  }

  /** `yield Call(fn)`: a child that is joined, and cancelled with its caller. */
  start(resume: Resume<T>): Abort {
    const fn = this.#fn as (...args: A) => Coroutine<T>;
    const child = resume.scheduler.add(fn, ...this.#args) as RunningTask<T>;
    child.join(resume);
    return () => child.cancel();
  }
}

/**
 * Runs another coroutine and waits for what it returns.
 *
 * `yield* fn()` does nearly the same, at less cost. But a `finally` that waits belongs into a function
 * that is called in this way: after such a wait the language itself forgets that a plain `yield* fn()`
 * was being cancelled, and goes on behind it.
 *
 * @param fn Usually a generator function.
 * @param args Its arguments.
 * @returns An operation that gives the coroutine's result; its error is thrown where it is waited for.
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
