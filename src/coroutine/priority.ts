/**
 * Priorities of operations. A priority decides whether the performer goes first, or the coroutines
 * that it wakes or adds, or both, or neither.
 *
 * To go first means to go before all ready coroutines, without regard to the time that they have
 * used. Every eighth step still belongs to the coroutine that has waited longest, so coroutines
 * that favour each other cannot starve the rest.
 *
 * @module
 */

import { showValue } from "./option_checks.ts";

/** One of the values of {@linkcode priority}. */
export type Priority = -1 | 0 | 1 | 2 | 3;

/**
 * The priorities, with cogen's names.
 *
 * - `DEFAULT`: the scheduler's `defaultPriority`.
 * - `LAST`, `NOPRIO`: all coroutines take their usual turns.
 * - `CORO`: the coroutine that performs the operation goes first, once the operation has ended.
 * - `OP`: the coroutines that the operation wakes or adds go first.
 * - `FIRST`, `PRIO`: both go first, the performer before the others.
 *
 * `AddCoro` follows the same rule. In the source of cogen, its `LAST` and `CORO` put the added
 * coroutine first and `OP` and `FIRST` put it last, the opposite of cogen's documentation.
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
 *   yield* Signal("go", undefined, { priority: priority.OP });
 * });
 * clock.advance(0);
 * assertEquals(order, ["woken", "ready before"]);
 * ```
 */
export const priority: {
  readonly DEFAULT: -1;
  readonly LAST: 0;
  readonly NOPRIO: 0;
  readonly CORO: 1;
  readonly OP: 2;
  readonly FIRST: 3;
  readonly PRIO: 3;
} = { DEFAULT: -1, LAST: 0, NOPRIO: 0, CORO: 1, OP: 2, FIRST: 3, PRIO: 3 };

/** A priority that is not `DEFAULT`. */
export type ResolvedPriority = Exclude<Priority, -1>;

/** Resolves the priority of an operation: its own, or the default if it has none. */
export function resolvePriority(
  own: Priority | undefined,
  defaultPriority: ResolvedPriority,
): ResolvedPriority {
  return own === undefined || own === -1 ? defaultPriority : own;
}

/** Whether the coroutines that an operation wakes or adds go first. */
export function favoursOthers(value: ResolvedPriority): boolean {
  return (value & priority.OP) !== 0;
}

/** Whether the coroutine that performs an operation goes first. */
export function favoursCaller(value: ResolvedPriority): boolean {
  return (value & priority.CORO) !== 0;
}

/**
 * Checks a priority that a caller has passed.
 *
 * @throws {RangeError} If the value is none of the priorities.
 */
export function checkPriority(value: Priority | undefined): void {
  switch (value) {
    case undefined:
    case -1:
    case 0:
    case 1:
    case 2:
    case 3:
      return;
    default:
      throw new RangeError(`Cannot use priority ${showValue(value)}: expected one of \`priority\``);
  }
}
