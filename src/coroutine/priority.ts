/**
 * Who goes first after an operation: the coroutine that performed it, those it woke, both or neither.
 *
 * To go first means before all that are ready, whatever they have used; every eighth step is still
 * that of the coroutine that has waited longest, so two that favour each other starve nobody.
 *
 * @module
 */

import type { Abort, Operation, Resume } from "./operation.ts";
import { BaseOperation } from "./operation.ts";

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

class PrioritizedOperation<T> extends BaseOperation<T> {
  override readonly priority: Priority;
  readonly #operation: Operation<T>;

  constructor(operation: Operation<T>, value: Priority) {
    super();
    checkPriority(value);
    this.#operation = operation;
    this.priority = value;
  }

  get name(): string {
    return this.#operation.name;
  }

  start(resume: Resume<T>): Abort | void {
    return this.#operation.start(resume);
  }
}

/**
 * The same operation with a priority: for those that take no options, such as `AddCoro`.
 *
 * @param operation What to wait for.
 * @param value One of {@linkcode priority}.
 * @returns An operation that gives what `operation` gives.
 * @throws {RangeError} If the priority is none of the four.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AddCoro, ManualClock, priority, Scheduler, withPriority } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const order: string[] = [];
 * const note = function* (name: string) {
 *   order.push(name);
 * };
 * scheduler.add(function* () {
 *   yield* AddCoro(note, "usual");
 *   yield* withPriority(AddCoro(note, "urgent"), priority.FIRST);
 *   order.push("caller");
 * });
 * scheduler.step();
 * clock.advance(0);
 * assertEquals(order, ["usual", "urgent", "caller"]);
 * ```
 */
export function withPriority<T>(operation: Operation<T>, value: Priority): Operation<T> {
  return new PrioritizedOperation(operation, value);
}
