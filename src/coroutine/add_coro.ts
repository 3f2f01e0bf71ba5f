/**
 * Starting another coroutine beside this one.
 *
 * @module
 */

import { type Operation, operation } from "./operation.ts";
import type { CoroutineFunction, Task } from "./task.ts";

/**
 * Adds a coroutine to the scheduler and goes on.
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
  return operation((resume) => resume.value(resume.scheduler.add(fn, ...args)), "AddCoro");
}
