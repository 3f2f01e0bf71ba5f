/**
 * Giving up on any operation after a time.
 *
 * @module
 */

import { Branches, settle } from "./branch.ts";
import { type Deadline, fromNow } from "../duration.ts";
import type { Abort, Operation, Resume } from "../operation.ts";
import { BaseOperation } from "../operation.ts";
import { OperationTimeout, type TimeoutOptions } from "../timed_operation.ts";

class TimeoutOperation<T> extends BaseOperation<T> {
  readonly #operation: Operation<T>;
  readonly #deadline: Deadline;
  readonly #weak: boolean;

  constructor(operation: Operation<T>, deadline: Deadline, weak: boolean) {
    super();
    fromNow(deadline);
    this.#operation = operation;
    this.#deadline = deadline;
    this.#weak = weak;
  }

  get name(): string {
    return `timeout(${this.#operation.name})`;
  }

  start(resume: Resume<T>): Abort {
    const branches = new Branches(resume as Resume<unknown>);
    branches.start(
      this.#operation as Operation<unknown>,
      (outcome) => settle(resume as Resume<unknown>, outcome),
    );
    const milliseconds = fromNow(this.#deadline);
    if (milliseconds !== Infinity) {
      const giveUp = () => {
        branches.abort();
        resume.error(new OperationTimeout(this.#operation as Operation<unknown>));
      };
      resume.setDeadline(milliseconds, giveUp, this.#weak);
    }
    return branches.abort;
  }
}

/**
 * Waits for an operation, but only for so long.
 *
 * Timed operations take a `timeout` of their own; this is for all others, such as `until(promise)`,
 * `all([...])` or `Call(fn)`, whose coroutine is then cancelled.
 *
 * @param operation What to wait for.
 * @param deadline Seconds or another duration, or a `Date`.
 * @param options `weakTimeout`: the time starts anew with each activity of the operation.
 * @returns An operation that gives what `operation` gives.
 * @throws {RangeError} If the deadline is negative or not a number.
 * @throws {OperationTimeout} Where it is waited for, when the time is out.
 *
 * @example
 * ```ts
 * import { assertEquals, assertInstanceOf } from "@std/assert";
 * import { ManualClock, OperationTimeout, Scheduler, timeout, until } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock, onError() {} }).add(function* () {
 *   yield* timeout(until(new Promise(() => {})), 5);
 * });
 * clock.advance(5000);
 * assertInstanceOf(task.error, OperationTimeout);
 * assertEquals(task.error.message, "until timed out");
 * ```
 */
export function timeout<T>(
  operation: Operation<T>,
  deadline: Deadline,
  options: Pick<TimeoutOptions, "weakTimeout"> = {},
): Operation<T> {
  return new TimeoutOperation(operation, deadline, options.weakTimeout ?? false);
}
