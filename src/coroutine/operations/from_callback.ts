/**
 * `fromCallback` waits for a function that takes a callback.
 *
 * @module
 */

import { checkFunction, refuseSurplus } from "../call_checks.ts";
import { type Abort, type Operation, operation } from "../operation.ts";

/** A callback for an error or a value. The first call counts; later calls have no effect. */
export type Callback<T> = (error: unknown, value?: T) => void;

/**
 * Waits until a function has called its callback, as Node's older interfaces do: with an error, or
 * with `null` or `undefined` and a value.
 *
 * @param begin Starts the work. A function that `begin` returns is called if the wait is aborted.
 * @returns An operation that gives the value, or throws the error at the `yield`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type Callback, fromCallback, ManualClock, Scheduler } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * function lookUp(name: string, done: Callback<number>) {
 *   clock.setTimer(10, () => done(null, name.length));
 * }
 * const task = new Scheduler({ clock }).add(function* () {
 *   return yield* fromCallback<number>((done) => lookUp("abc", done));
 * });
 * clock.advance(10);
 * assertEquals(task.result, 3);
 * ```
 */
export function fromCallback<T>(begin: (callback: Callback<T>) => Abort | void): Operation<T> {
  if (arguments.length > 1) {
    refuseSurplus("fromCallback", arguments, 1, "timeout(fromCallback(begin), 5)");
  }
  checkFunction("The argument of fromCallback", begin, "a function that takes a callback");
  return operation((resume) =>
    begin((error, value) => {
      if (error === null || error === undefined) resume.value(value as T);
      else resume.error(error);
    }), begin.name || "fromCallback");
}
