/**
 * `AddCoro` starts another coroutine, which runs beside the caller.
 *
 * @module
 */

import { ImmediateOperation, type Operation } from "../operation.ts";
import type { CoroutineFunction, Task } from "../task.ts";

/**
 * Adds a coroutine to the scheduler without waiting for its end.
 *
 * @param fn Usually a generator function.
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
  fn: CoroutineFunction<A, T>,
  ...args: A
): Operation<Task<T>> {
  return new AddCoroOperation(fn, args);
}

class AddCoroOperation<A extends unknown[], T> extends ImmediateOperation<Task<T>> {
  readonly name = "AddCoro";
  readonly #fn: CoroutineFunction<A, T>;
  readonly #args: A;

  constructor(fn: CoroutineFunction<A, T>, args: A) {
    super();
    this.#fn = fn;
    this.#args = args;
  }

  attempt({ scheduler }: Task<unknown>): Task<T> {
    return scheduler.add(this.#fn, ...this.#args);
  }
}
