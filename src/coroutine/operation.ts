/**
 * The one primitive: an operation is something a coroutine can wait for.
 *
 * `start(resume)` begins it and gives how to abort it. Exactly one thing ends a wait: a value or an
 * error through `resume`, or the abort when the coroutine is cancelled or the time is out. Resuming
 * only enqueues the coroutine; nobody's generator is ever stepped from inside an operation.
 *
 * @module
 */

import { noteOrigin } from "./origin.ts";
import type { Priority } from "./priority.ts";
import type { Task, TaskScheduler } from "./task.ts";

/** Undoes a started operation: leaves its list, stops its work. Not called once it has resumed. */
export type Abort = () => void;

/** How a started operation ends the wait. The first call counts; later ones do nothing. */
export interface Resume<T> {
  /** The coroutine that waits. */
  readonly task: Task<unknown>;
  /** The scheduler of that coroutine. */
  readonly scheduler: TaskScheduler;
  /** Whether the wait has ended, in whatever way. */
  readonly settled: boolean;
  /** Ends the wait with a value. */
  value(value: T): void;
  /** Ends the wait with an error, thrown where the coroutine waits. */
  error(error: unknown): void;
  /**
   * Calls `onDeadline` in so many milliseconds unless the wait has ended by then. A later call
   * replaces an earlier one. A weak deadline starts anew with each {@linkcode active}.
   */
  setDeadline(milliseconds: number, onDeadline: () => void, weak?: boolean): void;
  /** Tells that something has happened, though not the end: a weak timeout starts anew. */
  active(): void;
}

/**
 * What a coroutine waits for with `yield*` (typed) or `yield` (untyped).
 *
 * @example An operation of one's own
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
  /** Its name, for tracing and error messages. */
  readonly name: string;
  /** Who goes first when it is done; default: the scheduler's `defaultPriority`. */
  readonly priority?: Priority | undefined;
  /**
   * Begins the operation for one waiting coroutine. It may resume at once.
   *
   * @returns How to abort it, if there is anything to undo.
   */
  start(resume: Resume<T>): Abort | void;
  /** Makes `yield*` give the operation to the scheduler, and its value, typed, to the coroutine. */
  [Symbol.iterator](): Iterator<Operation<unknown>, T, unknown>;
}

/** What an attempt gives that has done nothing. */
export const NOT_YET: unique symbol = Symbol("not yet");

/** The base of operations: a subclass defines `name` and `start`. */
export abstract class BaseOperation<T> implements Operation<T> {
  /** As {@linkcode Operation.name}. */
  abstract readonly name: string;
  /** As {@linkcode Operation.priority}. */
  declare readonly priority?: Priority | undefined;
  /** Notes where it was made, if the scheduler that runs is debugging. */
  constructor() {
    noteOrigin(this);
  }

  /**
   * Does it at once, for a coroutine that has no wait yet, if nothing has to be waited for; else gives
   * {@linkcode NOT_YET}, and `start` follows. What is done at once needs none of what a wait does.
   *
   * @ignore
   */
  attempt(_task: Task<unknown>): T | typeof NOT_YET {
    return NOT_YET;
  }

  /** As {@linkcode Operation.start}. */
  abstract start(resume: Resume<T>): Abort | void;

  /** As {@linkcode Operation}: for `yield*`. */
  [Symbol.iterator](): Iterator<Operation<unknown>, T, unknown> {
    return new OperationIterator<T>(this);
  }
}

/**
 * Gives its operation, then returns what it is sent. It is also what it gives: `yield*` hands the
 * result of an inner iterator on as it is, and nobody keeps it. Half the cost of a result each, and
 * a sixth of that of a generator.
 */
class OperationIterator<T> implements Iterator<Operation<unknown>, T, unknown> {
  done = false;
  value: unknown;
  #given = false;

  constructor(operation: Operation<T>) {
    this.value = operation;
  }

  next(sent: unknown): IteratorResult<Operation<unknown>, T> {
    if (this.#given) {
      this.done = true;
      this.value = sent;
    }
    this.#given = true;
    return this as IteratorResult<Operation<unknown>, T>;
  }

  throw(error: unknown): never {
    throw error;
  }
}

/** An operation that never waits: a subclass defines `name` and `attempt`. */
export abstract class ImmediateOperation<T> extends BaseOperation<T> {
  /** Does it, for a coroutine. */
  abstract override attempt(task: Task<unknown>): T;

  /** As {@linkcode Operation.start}, for those who do not attempt first. */
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
 * An operation from its `start` function alone.
 *
 * @param start Begins the operation; see {@linkcode Operation.start}.
 * @param name Its name, for tracing.
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
  name: string = start.name || "operation",
): Operation<T> {
  return new FunctionOperation(name, start);
}

/** Whether a yielded value is an operation. */
export function isOperation(value: unknown): value is Operation<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { start?: unknown }).start === "function";
}
