/**
 * Who goes first after an operation: the coroutine that performed it, those it woke, both or neither.
 *
 * To go first means before all that are ready, whatever they have used; every eighth step is still
 * that of the coroutine that has waited longest, so two that favour each other starve nobody.
 *
 * @module
 */

/** One of the values of {@linkcode priority}. */
export type Priority = 0 | 1 | 2 | 3;

/**
 * The priorities, with cogen's names.
 *
 * - `LAST`: everybody takes their usual turn.
 * - `CORO`: the coroutines that the operation wakes or adds at once go first.
 * - `OP`: the coroutine that performs the operation goes first, once it goes on.
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

/** Whether those that an operation wakes go first. */
export function favoursOthers(value: Priority): boolean {
  return (value & priority.CORO) !== 0;
}

/** Whether the one who performs an operation goes first. */
export function favoursCaller(value: Priority): boolean {
  return (value & priority.OP) !== 0;
}

/** Refuses what is none of the four. */
export function checkPriority(value: Priority | undefined): void {
  if (value === undefined || value === 0 || value === 1 || value === 2 || value === 3) return;
  throw new RangeError(`Cannot use priority ${value}: expected one of \`priority\``);
}
