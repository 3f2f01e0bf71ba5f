/**
 * Waiting for time alone.
 *
 * @module
 */

import { type Deadline, fromNow } from "../duration.ts";
import { BaseOperation, type Operation, type Resume } from "../operation.ts";

class SleepOperation extends BaseOperation<void> {
  readonly name = "Sleep";
  readonly #deadline: Deadline;

  constructor(deadline: Deadline) {
    super();
    this.#deadline = deadline;
    fromNow(deadline);
  }

  start(resume: Resume<void>): void {
    const milliseconds = fromNow(this.#deadline);
    if (milliseconds === 0) resume.value();
    else if (milliseconds !== Infinity) resume.setDeadline(milliseconds, () => resume.value());
  }
}

/**
 * Waits for a length of time, or until a moment.
 *
 * @param deadline Seconds, named parts, or a `Date`; with 0 the coroutine goes on in the next turn.
 * @returns An operation that gives nothing.
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
  return new SleepOperation(deadline);
}
