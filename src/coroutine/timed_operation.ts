/**
 * Operations that give up after a time.
 *
 * @module
 */

import { type Deadline, fromNow } from "./duration.ts";
import { type Abort, BaseOperation, NOT_YET, type Operation, type Resume } from "./operation.ts";
import { Wait } from "./kernel/wait.ts";
import { checkPriority, type Priority } from "./priority.ts";

/** The option that every timed operation takes. */
export interface TimeoutOptions {
  /**
   * When to give up with an {@linkcode OperationTimeout}: seconds or another duration, a `Date`, or
   * -1 for never. Default: the scheduler's `defaultTimeout`.
   */
  readonly timeout?: Deadline;
  /**
   * Whether the timeout starts anew whenever something happens, such as a part of what was asked for:
   * then it bounds silence, not the whole. Default `false`.
   */
  readonly weakTimeout?: boolean;
  /** Who goes first when it is done. Default: the scheduler's `defaultPriority`. */
  readonly priority?: Priority;
}

/** A wait took longer than its `timeout`. */
export class OperationTimeout extends Error {
  /** `OperationTimeout`. */
  override readonly name = "OperationTimeout";
  /** What was waited for. */
  readonly operation: Operation<unknown>;

  /**
   * Makes the error; its message names the operation.
   *
   * @param operation What was waited for.
   */
  constructor(operation: Operation<unknown>) {
    super(`${operation.name} timed out`);
    this.operation = operation;
  }
}

/** Refuses what no wait can take. */
export function checkTimeout(timeout: Deadline | undefined): void {
  if (timeout !== undefined && timeout !== -1) fromNow(timeout);
}

/** The base of operations that take a `timeout`: a subclass defines `begin`. */
export abstract class TimedOperation<T> extends BaseOperation<T> {
  /** As {@linkcode Operation.priority}. */
  override readonly priority: Priority | undefined;
  readonly #timeout: Deadline | undefined;
  readonly #weak: boolean;

  /**
   * Keeps the timeout for each start.
   *
   * @param options `timeout`, `weakTimeout`, `priority`.
   * @throws {RangeError} If the timeout is negative (other than -1) or not a number, or the priority
   *   none of the four.
   */
  constructor(options: TimeoutOptions) {
    super();
    this.#timeout = options.timeout;
    this.#weak = options.weakTimeout ?? false;
    this.priority = options.priority;
    checkPriority(this.priority);
    checkTimeout(this.#timeout);
  }

  /** As {@linkcode Operation.start}, without the timeout; not called if the attempt was enough. */
  protected abstract begin(resume: Resume<T>): Abort | void;

  /** Begins, and gives up with {@linkcode OperationTimeout} when the time is out. */
  override start(resume: Resume<T>): Abort | void {
    const value = this.attempt(resume.task);
    if (value !== NOT_YET) return resume.value(value);
    const abort = this.begin(resume);
    const timeout = this.#timeout ?? resume.scheduler.defaultTimeout;
    if (timeout !== -1 && !resume.settled) this.#arm(resume, fromNow(timeout), abort);
    return abort;
  }

  #arm(resume: Resume<T>, milliseconds: number, abort: Abort | void): void {
    if (milliseconds === Infinity) return;
    const giveUp = () => {
      abort?.();
      resume.error(new OperationTimeout(this as Operation<unknown>));
    };
    // A deadline that `begin` has set must survive; a `Resume` made elsewhere has room for one only.
    if (resume instanceof Wait) resume.addTimeout(milliseconds, giveUp, this.#weak);
    else resume.setDeadline(milliseconds, giveUp, this.#weak);
  }
}

class FunctionTimedOperation<T> extends TimedOperation<T> {
  readonly name: string;
  protected readonly begin: (resume: Resume<T>) => Abort | void;

  constructor(name: string, options: TimeoutOptions, begin: (resume: Resume<T>) => Abort | void) {
    super(options);
    this.name = name;
    this.begin = begin;
  }
}

/** A timed operation from its `begin` function alone. */
export function timed<T>(
  name: string,
  options: TimeoutOptions,
  begin: (resume: Resume<T>) => Abort | void,
): Operation<T> {
  return new FunctionTimedOperation(name, options, begin);
}
