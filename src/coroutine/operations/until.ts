/**
 * Waiting for a promise.
 *
 * @module
 */

import { type Operation, operation } from "../operation.ts";

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
  handleRejection(promise);
  return operation((resume) => {
    promise.then(
      (value) => resume.value(value),
      (error: unknown) => resume.error(error),
    );
  }, "until");
}

/**
 * Gives a promise a handler for its rejection, at once.
 *
 * A wait may begin turns after its operation was made, and a runtime ends the process when a rejection
 * has no handler by the end of its turn. Objects that only have a `then` are left alone: calling it may
 * start their work.
 *
 * @param value Anything; only promises are touched.
 */
export function handleRejection(value: unknown): void {
  if (value instanceof Promise) value.then(undefined, ignore);
}

function ignore(): void {}
