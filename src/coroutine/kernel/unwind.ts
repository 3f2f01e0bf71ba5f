/**
 * Cancellation through calls with `finally` blocks that wait.
 *
 * The trap is the language's own: if a nested generator answers `return()` with a `yield`, the
 * `yield*` around it forgets the `return()`. Once the nested generator has ended, the outer one
 * goes on after its `yield*`, as if there were no cancellation. So the iterator of a call lies
 * between caller and callee and remembers the `return()`. When its callee has ended, it yields
 * {@linkcode UNWIND}, and the kernel calls `return()` on the task's generator again.
 *
 * `Call` makes this iterator, and `RunningTask` handles `UNWIND`.
 *
 * @module
 */

import { type Operation, operation } from "../operation.ts";

/**
 * Yielded by a {@linkcode CallIterator} when its callee has ended during a `return()`: the kernel
 * must call `return()` again. As an operation it completes at once, so that a driver other than
 * the kernel may perform it without harm.
 */
export const UNWIND: Operation<void> = operation((resume) => resume.value(), "unwind");

/** The iterator of `yield* Call(fn)`: passes everything on, and remembers a `return()`. */
export class CallIterator<T> implements Iterator<Operation<unknown>, T, unknown> {
  readonly #callee: Iterator<unknown, T, unknown>;
  /** Becomes true when the callee has answered a `return()` with a `yield`. */
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
