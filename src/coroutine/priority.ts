/**
 * Priorities of operations: whether the performer, the coroutines that it wakes, both or neither go
 * first.
 *
 * To go first means to go before all ready coroutines, whatever time they have used. Every eighth
 * step still belongs to the coroutine that has waited longest, so coroutines that favour each other
 * do not starve the rest.
 *
 * @module
 */

/** One of the values of {@linkcode priority}. */
export type Priority = 0 | 1 | 2 | 3;

/**
 * The priorities, with cogen's names.
 *
 * - `LAST`: all coroutines take their usual turns.
 * - `CORO`: the coroutines that the operation wakes or adds at once go first.
 * - `OP`: the coroutine that performs the operation goes first, once the operation has ended.
 * - `FIRST`: both.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, priority, Scheduler, Signal, WaitForSignal } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const order: string[] = [];
 * scheduler.add(function* () {
 *   yield* WaitForSignal("go");
 *   order.push("woken");
 * });
 * scheduler.add(function* () {
 *   scheduler.add(function* () {
 *     order.push("ready before");
 *   });
 *   yield* Signal("go", undefined, { priority: priority.CORO });
 * });
 * clock.advance(0);
 * assertEquals(order, ["woken", "ready before"]);
 * ```
 */
export const priority: {
  readonly LAST: 0;
  readonly CORO: 1;
  readonly OP: 2;
  readonly FIRST: 3;
} = { LAST: 0, CORO: 1, OP: 2, FIRST: 3 };

/** Whether the coroutines that an operation wakes go first. */
export function favoursOthers(value: Priority): boolean {
  return (value & priority.CORO) !== 0;
}

/** Whether the coroutine that performs an operation goes first. */
export function favoursCaller(value: Priority): boolean {
  return (value & priority.OP) !== 0;
}

/**
 * Checks a priority that a caller has passed.
 *
 * @throws {RangeError} If the value is none of the four priorities.
 */
export function checkPriority(value: Priority | undefined): void {
  if (value === undefined || value === 0 || value === 1 || value === 2 || value === 3) return;
  throw new RangeError(`Cannot use priority ${value}: expected one of \`priority\``);
}
