/**
 * The operations that end with an error after a time.
 *
 * The timeout begins when `start` has begun the operation. The trap: a subclass may set a deadline
 * for itself in `begin`. The timeout does not replace that deadline (`Wait.addTimeout`).
 *
 * @module
 */

import { type Deadline, fromNow } from "./duration.ts";
import { type Abort, BaseOperation, NOT_YET, type Operation, type Resume } from "./operation.ts";
import { optionError } from "./option_checks.ts";
import { Wait } from "./kernel/wait.ts";
import { checkPriority, type Priority } from "./priority.ts";

/** The option that every timed operation takes. */
export interface TimeoutOptions {
  /**
   * The time after which the wait ends with an {@linkcode OperationTimeout}: seconds or another
   * duration, a `Date`, or -1 for never. Default: the scheduler's `defaultTimeout`.
   */
  readonly timeout?: Deadline;
  /**
   * Whether the timeout starts anew with each progress, such as the arrival of a part. Then it
   * bounds each pause, not the whole wait. Default `false`.
   */
  readonly weakTimeout?: boolean;
  /** The coroutines that go first afterwards. Default: the scheduler's `defaultPriority`. */
  readonly priority?: Priority;
}

/** A wait took longer than its `timeout`. */
export class OperationTimeout extends Error {
  /** `OperationTimeout`. */
  override readonly name = "OperationTimeout";
  /** The operation that took too long. */
  readonly operation: Operation<unknown>;

  /**
   * Makes the error; its message names the operation.
   *
   * @param operation The operation that took too long.
   */
  constructor(operation: Operation<unknown>) {
    super(`${operation.name} timed out`);
    this.operation = operation;
  }
}

/**
 * Checks a timeout that a caller has passed.
 *
 * @param timeout The timeout.
 * @param name The name of the option, for the error message.
 * @throws {TypeError} If the timeout is no deadline.
 * @throws {RangeError} If the timeout is negative (other than -1) or not a number.
 */
export function checkTimeout(timeout: Deadline | undefined, name: string = "timeout"): void {
  if (timeout !== undefined && timeout !== -1) fromNow(timeout, name);
}

/**
 * Checks that the last argument of an operation is an object of options, and no bare time.
 *
 * @throws {TypeError} If it is none.
 */
export function checkOptions(options: unknown): void {
  if (typeof options === "object" && options !== null) return;
  throw optionError("The last argument", options, "options such as { timeout: 5 }");
}

/** The base of operations that take a `timeout`: a subclass defines `begin`. */
export abstract class TimedOperation<T> extends BaseOperation<T> {
  /** See {@linkcode Operation.priority}. */
  override readonly priority: Priority | undefined;
  readonly #timeout: Deadline | undefined;
  readonly #weak: boolean;

  /**
   * Makes an operation with a timeout.
   *
   * @param options The options `timeout`, `weakTimeout` and `priority`.
   * @throws {TypeError} If the timeout is no deadline.
   * @throws {RangeError} If the timeout is negative (other than -1) or not a number, or the
   *   priority is none of {@linkcode priority}.
   */
  constructor(options: TimeoutOptions) {
    super();
    checkOptions(options);
    this.#timeout = options.timeout;
    this.#weak = options.weakTimeout ?? false;
    this.priority = options.priority;
    checkPriority(this.priority);
    checkTimeout(this.#timeout);
  }

  /**
   * Starts as {@linkcode Operation.start} does, without the timeout. It is not called if `attempt`
   * has completed the operation.
   */
  protected abstract begin(resume: Resume<T>): Abort | void;

  /**
   * Begins the operation, and ends it with {@linkcode OperationTimeout} when the timeout expires.
   */
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
    // The deadline that `begin` may have set must stay. A `Resume` of another class has only one
    // deadline.
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

/**
 * Makes a timed operation from its `begin` function alone. The operations of this layer use it.
 *
 * @param name The name in traces.
 * @param options The options `timeout`, `weakTimeout` and `priority`.
 * @param begin Begins the operation; see {@linkcode TimedOperation}.
 */
export function timed<T>(
  name: string,
  options: TimeoutOptions,
  begin: (resume: Resume<T>) => Abort | void,
): Operation<T> {
  return new FunctionTimedOperation(name, options, begin);
}
