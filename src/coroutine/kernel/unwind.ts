/**
 * Cancelling through calls whose `finally` blocks wait.
 *
 * The language forgets a `return()` that a nested generator answers with a `yield`: once the nested
 * one has ended, the `yield*` around it simply goes on, as if nobody had been cancelled. So each call
 * stands between caller and callee, remembers that it is returning, and when its callee has ended
 * yields {@linkcode UNWIND}; the kernel answers with another `return()`.
 *
 * @module
 */

import { type Operation, operation } from "../operation.ts";

/** Asks to be returned from. Whoever does not know it, and performs it, loses nothing. */
export const UNWIND: Operation<void> = operation((resume) => resume.value(), "unwind");

/** The iterator of a call: a generator that does not forget that it is returning. */
export class CallIterator<T> implements Iterator<Operation<unknown>, T, unknown> {
  readonly #callee: Iterator<unknown, T, unknown>;
  #returning = false;

  constructor(callee: Iterator<unknown, T, unknown>) {
    this.#callee = callee;
  }

  next(sent: unknown): IteratorResult<Operation<unknown>, T> {
    return this.#pass(this.#callee.next(sent));
  }

  throw(error: unknown): IteratorResult<Operation<unknown>, T> {
    if (this.#callee.throw === undefined) throw error;
    return this.#pass(this.#callee.throw(error));
  }

  return(value?: T): IteratorResult<Operation<unknown>, T> {
    const result = this.#callee.return?.(value) ?? { done: true, value: value as T };
    this.#returning = !result.done;
    return result as IteratorResult<Operation<unknown>, T>;
  }

  #pass(result: IteratorResult<unknown, T>): IteratorResult<Operation<unknown>, T> {
    if (result.done && this.#returning) return { done: false, value: UNWIND };
    return result as IteratorResult<Operation<unknown>, T>;
  }
}
