/**
 * `race` waits until the first of several operations ends.
 *
 * @module
 */

import { Branches, checkOperations, type Outcome, settleWith } from "./branch.ts";
import { refuseSurplus } from "../call_checks.ts";
import { type Operation, operation } from "../operation.ts";

/** The type of the value that an operation gives. */
export type OperationValue<O> = O extends Operation<infer T> ? T : never;

/**
 * Waits for several operations until the first of them ends, and aborts the others.
 *
 * Exactly one operation takes effect: a `get` that loses leaves its item in the queue. If several
 * operations are ready at once, the first in the list wins, and those behind it are not started.
 *
 * @param operations One or more operations, started in this order.
 * @returns An operation that gives the value of the winner, or throws its error.
 * @throws {TypeError} If the list is empty, because the wait would never end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Queue, race, Scheduler, WaitForSignal } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const queue = new Queue<number>();
 * const task = new Scheduler({ clock }).add(function* () {
 *   return yield* race([queue.get(), WaitForSignal<string>("stop")]);
 * });
 * clock.advance(0);
 * queue.putNowait(1);
 * clock.advance(0);
 * assertEquals(task.result satisfies number | string | undefined, 1);
 * ```
 */
export function race<const O extends readonly Operation<unknown>[]>(
  operations: O,
): Operation<OperationValue<O[number]>> {
  if (arguments.length > 1) refuseSurplus("race", arguments, 1, "timeout(race([...]), 5)");
  checkOperations("race", operations);
  if (operations.length === 0) {
    throw new TypeError("Cannot race an empty list: expected one or more operations");
  }
  return operation((resume) => {
    const branches = new Branches(resume);
    const onEnd = (outcome: Outcome) => {
      branches.abort();
      settleWith(resume, outcome);
    };
    for (const contender of operations) {
      branches.start(contender, onEnd);
      if (resume.settled) return branches.abort;
    }
    return branches.abort;
  }, `race(${operations.map(({ name }) => name).join(", ")})`);
}
