/**
 * `Sleep` waits for a length of time.
 *
 * @module
 */

import { refuseSurplus } from "../call_checks.ts";
import { type Deadline, fromNow } from "../duration.ts";
import { BaseOperation, type Operation, type Resume } from "../operation.ts";

/**
 * Waits for a length of time, or until a moment.
 *
 * @param deadline Seconds, named parts, or a `Date`. With 0 the coroutine goes on in the next turn;
 *   with `Infinity` it waits until it is cancelled.
 * @returns An operation without a value.
 * @throws {TypeError} If the deadline is neither a duration nor a `Date`.
 * @throws {RangeError} If the duration is negative or not a number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   yield* Sleep({ milliseconds: 500 });
 *   return "awake";
 * });
 * clock.advance(499);
 * assertEquals(task.done, false);
 * clock.advance(1);
 * assertEquals(task.result, "awake");
 * ```
 */
export function Sleep(deadline: Deadline): Operation<void> {
  if (arguments.length > 1) refuseSurplus("Sleep", arguments, 1);
  return new SleepOperation(deadline);
}

class SleepOperation extends BaseOperation<void> {
  readonly name = "Sleep";
  readonly #deadline: Deadline;

  constructor(deadline: Deadline) {
    super();
    this.#deadline = deadline;
    fromNow(deadline, "The time to sleep"); // an error is thrown here, where the operation is made, and not at the wait
  }

  start(resume: Resume<void>): void {
    const delayMs = fromNow(this.#deadline);
    if (delayMs === 0) resume.value();
    else if (delayMs !== Infinity) resume.setDeadline(delayMs, () => resume.value());
  }
}
