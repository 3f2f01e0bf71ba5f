/**
 * `withPriority` gives an operation another priority.
 *
 * @module
 */

import { checkOperation } from "./branch.ts";
import { refuseSurplus } from "../call_checks.ts";
import { type Abort, BaseOperation, type Operation, type Resume } from "../operation.ts";
import { checkPriority, type Priority } from "../priority.ts";

/**
 * Gives an operation a priority. It is meant for operations that take no options, such as
 * `AddCoro`.
 *
 * @param operation The operation to wait for.
 * @param value One of {@linkcode priority}.
 * @returns An operation that gives the value of `operation`.
 * @throws {RangeError} If the value is none of {@linkcode priority}.
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
 *   yield* withPriority(AddCoro(note, "urgent"), priority.OP);
 *   order.push("caller");
 * });
 * scheduler.step();
 * clock.advance(0);
 * assertEquals(order, ["usual", "urgent", "caller"]);
 * ```
 */
export function withPriority<T>(operation: Operation<T>, value: Priority): Operation<T> {
  if (arguments.length > 2) refuseSurplus("withPriority", arguments, 2);
  checkOperation("withPriority", operation);
  return new PrioritizedOperation(operation, value);
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
