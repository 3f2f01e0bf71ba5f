/**
 * Waiting for a promise.
 *
 * @module
 */

import { type Operation, operation } from "./operation.ts";

/**
 * Waits until a promise settles.
 *
 * @param promise A promise, or anything with `then`. Cancelling the wait does not stop its work.
 * @returns An operation that gives what the promise resolves to; a rejection is thrown.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, until } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   return yield* until(Promise.resolve("settled"));
 * });
 * clock.advance(0);
 * await Promise.resolve();
 * clock.advance(0);
 * assertEquals(task.result, "settled");
 * ```
 */
export function until<T>(promise: PromiseLike<T>): Operation<T> {
  return operation((resume) => {
    promise.then(
      (value) => resume.value(value),
      (error: unknown) => resume.error(error),
    );
  }, "until");
}
