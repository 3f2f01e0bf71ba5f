/**
 * `AddCoro` starts another coroutine, which runs beside the caller.
 *
 * @module
 */

import { checkFunction } from "../call_checks.ts";
import { ImmediateOperation, type Operation } from "../operation.ts";
import type { Coroutine, Task } from "../task.ts";

/**
 * Adds a coroutine to the scheduler without waiting for its end.
 *
 * @param fn Usually a generator function. It may also give an operation or a promise: then the
 *   coroutine waits for that.
 * @param args Its arguments.
 * @returns An operation that gives the task, to be joined or cancelled.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AddCoro, Join, ManualClock, Scheduler } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   const child = yield* AddCoro(function* (n: number) {
 *     return n * 2;
 *   }, 21);
 *   return yield* Join(child);
 * });
 * clock.advance(0);
 * assertEquals(task.result, 42);
 * ```
 */
export function AddCoro<A extends unknown[], T>(
  fn: (...args: A) => Coroutine<T> | Operation<T> | PromiseLike<T>,
  ...args: A
): Operation<Task<T>> {
  checkFunction("The coroutine of AddCoro", fn);
  return new AddCoroOperation(fn, args);
}

class AddCoroOperation<A extends unknown[], T> extends ImmediateOperation<Task<T>> {
  readonly name = "AddCoro";
  readonly #fn: (...args: A) => Coroutine<T>;
  readonly #args: A;

  constructor(fn: (...args: A) => unknown, args: A) {
    super();
    this.#fn = fn as (...args: A) => Coroutine<T>;
    this.#args = args;
  }

  attempt({ scheduler }: Task<unknown>): Task<T> {
    return scheduler.add(this.#fn, ...this.#args);
  }
}
