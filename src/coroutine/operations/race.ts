/**
 * Waiting for whichever of several operations ends first.
 *
 * @module
 */

import { Branches, settle } from "./branch.ts";
import { type Operation, operation } from "../operation.ts";

/** What an operation gives. */
export type OperationValue<O> = O extends Operation<infer T> ? T : never;

/**
 * Waits for several operations until the first of them ends, and aborts the others.
 *
 * Exactly one of them takes effect: an item of a queue that the loser would have got stays there. If
 * several are ready at once, the first in the list wins, and those behind it are not even started.
 *
 * @param operations One or more.
 * @returns An operation that gives the value of the first, or throws its error.
 * @throws {TypeError} If there are none: it would wait for ever.
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
  if (operations.length === 0) throw new TypeError("Cannot race no operations: expected some");
  return operation((resume) => {
    const branches = new Branches(resume);
    for (const contender of operations) {
      branches.start(contender, (outcome) => {
        branches.abort();
        settle(resume, outcome);
      });
      if (resume.settled) return;
    }
    return branches.abort;
  }, `race(${operations.map(({ name }) => name).join(", ")})`);
}
