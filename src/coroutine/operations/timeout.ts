/**
 * `timeout` sets a limit of time for any operation.
 *
 * @module
 */

import { Branches, checkOperation, settleWith } from "./branch.ts";
import { type Deadline, fromNow } from "../duration.ts";
import { checkedOptions, NO_OPTIONS, refuseSurplus } from "../call_checks.ts";
import { checkOption } from "../option_checks.ts";
import type { Abort, Operation, Resume } from "../operation.ts";
import { BaseOperation } from "../operation.ts";
import { OperationTimeout, type TimeoutOptions } from "../timed_operation.ts";

/**
 * Waits for an operation, and aborts it when the deadline passes.
 *
 * Timed operations take a `timeout` option of their own. This function is for all other operations,
 * such as `until(promise)`, `all([...])` or `Call(fn)`. It cancels the coroutine of a `Call`.
 *
 * @param operation The operation to wait for.
 * @param deadline Seconds or another duration, or a `Date`.
 * @param options `weakTimeout`: the timeout restarts with each activity of the operation.
 * @returns An operation that gives the value of `operation`.
 * @throws {TypeError} If the deadline is neither a duration nor a `Date`.
 * @throws {RangeError} If the deadline is negative or not a number.
 * @throws {OperationTimeout} At the `yield`, if the deadline passes.
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
  options: Pick<TimeoutOptions, "weakTimeout"> = NO_OPTIONS,
): Operation<T> {
  if (arguments.length > 3) refuseSurplus("timeout", arguments, 3);
  checkOperation("timeout", operation);
  const { weakTimeout } = checkedOptions("timeout", options, ["weakTimeout"]);
  checkOption("weakTimeout of timeout", weakTimeout, "boolean");
  return new TimeoutOperation(operation, deadline, weakTimeout === true);
}

class TimeoutOperation<T> extends BaseOperation<T> {
  readonly #operation: Operation<T>;
  readonly #deadline: Deadline;
  readonly #weak: boolean;

  constructor(operation: Operation<T>, deadline: Deadline, weak: boolean) {
    super();
    fromNow(deadline, "timeout"); // an error is thrown here, where the operation is made, and not at the wait
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
      (outcome) => settleWith(resume as Resume<unknown>, outcome),
    );
    const delayMs = fromNow(this.#deadline);
    if (delayMs !== Infinity) {
      const giveUp = () => {
        branches.abort();
        resume.error(new OperationTimeout(this.#operation as Operation<unknown>));
      };
      resume.setDeadline(delayMs, giveUp, this.#weak);
    }
    return branches.abort;
  }
}
