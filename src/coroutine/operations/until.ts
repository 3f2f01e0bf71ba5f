/**
 * `until` waits for a promise.
 *
 * @module
 */

import { type Operation, operation } from "../operation.ts";
import { refuseSurplus } from "../call_checks.ts";
import { optionError } from "../option_checks.ts";
import { handleRejection } from "../interop/promises.ts";

/**
 * Waits until a promise settles.
 *
 * @param promise A promise, or any object with a `then` method. Cancelling the wait does not stop
 *   the work of the promise.
 * @returns An operation that gives the value of the promise, or throws its rejection at the
 *   `yield`.
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
  if (arguments.length > 1) refuseSurplus("until", arguments, 1, "timeout(until(promise), 5)");
  if (typeof (promise as PromiseLike<T> | undefined)?.then !== "function") {
    throw optionError("The argument of until", promise, "a promise");
  }
  handleRejection(promise);
  return operation((resume) => {
    // `Promise.resolve` takes over the promise of a thenable that resolves to another promise.
    Promise.resolve(promise).then(
      (value) => resume.value(value),
      (error: unknown) => resume.error(error),
    );
  }, "until");
}
