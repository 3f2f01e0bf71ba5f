/**
 * The end of a coroutine as a promise, for async code.
 *
 * @module
 */

import { handleRejection } from "./promises.ts";
import { runningTask } from "../operations/join.ts";
import type { Task } from "../task.ts";

/**
 * Makes a promise that settles when a coroutine ends.
 *
 * @param task A task from `scheduler.add` or `AddCoro`.
 * @returns A promise that resolves to the coroutine's result, or rejects with its error or with
 *   `TaskCancelled`.
 * @throws {TypeError} If `task` is not a task.
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
  const running = runningTask(task, "wait");
  const promise = new Promise<T>((resolve, reject) => {
    const error = (thrown: unknown) => {
      // The end of a scheduler cancels all tasks, also those whose promises were dropped.
      if (task.state === "cancelled") handleRejection(promise);
      reject(thrown);
    };
    running.join({ settled: false, value: resolve, error });
  });
  return promise;
}
