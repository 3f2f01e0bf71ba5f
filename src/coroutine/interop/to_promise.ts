/**
 * Waiting for a coroutine from async code.
 *
 * @module
 */

import { RunningTask } from "../kernel/running_task.ts";
import type { Task } from "../task.ts";

/**
 * The end of a coroutine as a promise.
 *
 * @param task What `scheduler.add` or `AddCoro` gave.
 * @returns Resolves to what the coroutine returns; rejects with its error, or with `TaskCancelled`.
 * @throws {TypeError} If it is no task.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, Sleep, toPromise } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   yield* Sleep(1);
 *   return "done";
 * });
 * const promise = toPromise(task);
 * clock.advance(1000);
 * assertEquals(await promise, "done");
 * ```
 */
export function toPromise<T>(task: Task<T>): Promise<T> {
  if (!(task instanceof RunningTask)) {
    throw new TypeError("Cannot wait: expected a task, as AddCoro or scheduler.add gives it");
  }
  return new Promise<T>((resolve, reject) => {
    (task as RunningTask<T>).join({ settled: false, value: resolve, error: reject });
  });
}
