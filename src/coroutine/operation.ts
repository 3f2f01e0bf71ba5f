/**
 * The primitive of this layer: an operation, for which a coroutine can wait.
 *
 * `start(resume)` begins an operation and returns a function that aborts it. Exactly one event ends
 * a wait: a value or an error through `resume`, or the abort, when the coroutine is cancelled or
 * the timeout expires. Resuming only enqueues the coroutine: an operation never steps a generator.
 *
 * @module
 */

import { BASE } from "./base_members.ts";
import { checkFunction } from "./call_checks.ts";
import { noteOrigin } from "./origin.ts";
import type { Priority } from "./priority.ts";
import type { Task, TaskScheduler } from "./task.ts";

/**
 * Undoes a started operation: removes it from its list, or stops its work. The function is not
 * called after the operation has resumed the coroutine.
 */
export type Abort = () => void;

/** Ends the wait for a started operation. The first call counts; later calls have no effect. */
export interface Resume<T> {
  /** The coroutine that waits. */
  readonly task: Task<unknown>;
  /** The scheduler of that coroutine. */
  readonly scheduler: TaskScheduler;
  /** Whether the wait has ended: by a value, an error or an abort. */
  readonly settled: boolean;
  /** Ends the wait with a value. */
  value(value: T): void;
  /** Ends the wait with an error, thrown where the coroutine waits. */
  error(error: unknown): void;
  /**
   * Calls `onDeadline` after `milliseconds`, unless the wait has ended by then. A later call
   * replaces an earlier one. A weak deadline starts anew with each {@linkcode active}. The
   * `timeout` of a {@linkcode TimedOperation} is kept apart: neither replaces the other.
   */
  setDeadline(milliseconds: number, onDeadline: () => void, weak?: boolean): void;
  /** Reports progress without an end: weak deadlines and timeouts start anew. */
  active(): void;
}

/**
 * An operation, for which a coroutine waits with `yield*` (typed) or `yield` (untyped).
 *
 * @example A new operation
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, type Operation, operation, Scheduler } from "@x/cogen-wsgi/coroutine";
 *
 * const doors: (() => void)[] = [];
 * const Door = (): Operation<string> =>
 *   operation((resume) => {
 *     doors.push(() => resume.value("open"));
 *     return () => doors.pop();
 *   });
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   return yield* Door();
 * });
 * clock.advance(0);
 * doors[0]?.();
 * clock.advance(0);
 * assertEquals(task.result, "open");
 * ```
 */
export interface Operation<T> {
  /** The name in traces and error messages. */
  readonly name: string;
  /** The coroutines that go first afterwards. Default: the scheduler's `defaultPriority`. */
  readonly priority?: Priority | undefined;
  /**
   * Begins the operation for one waiting coroutine. It may call `resume` before it returns.
   *
   * @returns A function that aborts the operation, if there is work to undo.
   */
  start(resume: Resume<T>): Abort | void;
  /** Makes `yield*` give the operation to the scheduler, and its value, typed, to the coroutine. */
  [Symbol.iterator](): Iterator<Operation<unknown>, T, unknown>;
}

/** Returned by `attempt` when the operation has to wait. */
export const NOT_YET: unique symbol = Symbol("not yet");

/** The base of operations: a subclass defines `name` and `start`. */
export abstract class BaseOperation<T> implements Operation<T> {
  /** See {@linkcode Operation.name}. */
  abstract readonly name: string;
  /** See {@linkcode Operation.priority}. */
  declare readonly priority?: Priority | undefined;
  /** Notes the line that makes the operation, if the scheduler has the option `debug`. */
  constructor() {
    noteOrigin(this);
  }

  /**
   * Completes the operation at once, if no wait is necessary. Otherwise the call has no effect and
   * returns {@linkcode NOT_YET}, and `start` follows. After a successful attempt no wait is made.
   *
   * @ignore
   */
  attempt(_task: Task<unknown>): T | typeof NOT_YET {
    return NOT_YET;
  }

  /** See {@linkcode Operation.start}. */
  abstract start(resume: Resume<T>): Abort | void;

  /** Makes the iterator for `yield*`; see {@linkcode Operation}. */
  [Symbol.iterator](): Iterator<Operation<unknown>, T, unknown> {
    return new OperationIterator<T>(this);
  }
}

/**
 * The iterator behind `yield* operation`: yields the operation once, then returns the value that
 * the coroutine is resumed with. The plain twin is a generator:
 *
 *     *[Symbol.iterator]() {
 *       return yield operation;
 *     }
 *
 * This class costs less, as it is its own `IteratorResult` and allocates nothing in a step. That is
 * safe because `yield*` reads a result at once and drops it: a caller that keeps results would see
 * them change.
 */
export class OperationIterator<T> implements Iterator<Operation<unknown>, T, unknown> {
  done = false;
  value: unknown;
  /** Becomes true when the operation has been yielded. */
  #yielded = false;

  constructor(operation: Operation<T>) {
    this.value = operation;
  }

  next(sent: unknown): IteratorResult<Operation<unknown>, T> {
    if (this.#yielded) {
      this.done = true;
      this.value = sent;
    }
    this.#yielded = true;
    return this as IteratorResult<Operation<unknown>, T>;
  }

  throw(error: unknown): never {
    throw error;
  }
}

/** An operation that never waits: a subclass defines `name` and `attempt`. */
export abstract class ImmediateOperation<T> extends BaseOperation<T> {
  /** Completes the operation for a coroutine. */
  abstract override attempt(task: Task<unknown>): T;

  /**
   * See {@linkcode Operation.start}. This method is for callers that do not call `attempt` first.
   */
  start(resume: Resume<T>): void {
    resume.value(this.attempt(resume.task));
  }
}

class FunctionOperation<T> extends BaseOperation<T> {
  readonly name: string;
  readonly start: (resume: Resume<T>) => Abort | void;

  constructor(name: string, start: (resume: Resume<T>) => Abort | void) {
    super();
    this.name = name;
    this.start = start;
  }
}

/**
 * Makes an operation from its `start` function alone.
 *
 * @param start Begins the operation; see {@linkcode Operation.start}.
 * @param name The name in traces. Default: the name of the function.
 * @returns The operation; each wait for it calls `start` anew.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, operation, Scheduler } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   return yield* operation<number>((resume) => resume.value(42));
 * });
 * clock.advance(0);
 * assertEquals(task.result, 42);
 * ```
 */
export function operation<T>(
  start: (resume: Resume<T>) => Abort | void,
  name: string = start?.name || "operation",
): Operation<T> {
  checkFunction("The argument of operation", start, "a function that takes resume");
  return new FunctionOperation(name, start);
}

/** Whether a yielded value is an operation. */
export function isOperation(value: unknown): value is Operation<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const { start } = value as { start?: unknown };
  return typeof start === "function" && start !== BASE.start;
}
