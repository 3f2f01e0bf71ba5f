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
import { checkedOptions, NO_OPTIONS } from "./call_checks.ts";
import { checkOption } from "./option_checks.ts";
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

/** The names of {@linkcode TimeoutOptions}. */
export const TIMEOUT_OPTIONS: readonly string[] = ["timeout", "weakTimeout", "priority"];

/** The base of operations that take a `timeout`: a subclass defines `begin`. */
export abstract class TimedOperation<T> extends BaseOperation<T> {
  /** See {@linkcode Operation.priority}. */
  override readonly priority: Priority | undefined = undefined;
  readonly #timeout: Deadline | undefined;
  readonly #weak: boolean | undefined;

  /**
   * Makes an operation with a timeout.
   *
   * @param options The options `timeout`, `weakTimeout` and `priority`.
   * @param of The name of the operation in error messages.
   * @param known The names of all options, if the operation has more.
   * @throws {TypeError} If the timeout is no deadline, or an option has an unknown name.
   * @throws {RangeError} If the timeout is negative (other than -1) or not a number, or the
   *   priority is none of {@linkcode priority}.
   */
  constructor(
    options: TimeoutOptions = NO_OPTIONS,
    of: string = "the operation",
    known: readonly string[] = TIMEOUT_OPTIONS,
  ) {
    super();
    if (options === NO_OPTIONS) return;
    const { timeout, weakTimeout, priority } = checkedOptions(of, options, known);
    if (weakTimeout !== undefined) checkOption(`weakTimeout of ${of}`, weakTimeout, "boolean");
    checkPriority(priority);
    checkTimeout(timeout);
    this.#timeout = timeout;
    this.#weak = weakTimeout;
    this.priority = priority;
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
    if (resume instanceof Wait) resume.addTimeout(milliseconds, giveUp, this.#weak === true);
    else resume.setDeadline(milliseconds, giveUp, this.#weak);
  }
}

class FunctionTimedOperation<T> extends TimedOperation<T> {
  readonly name: string;
  protected readonly begin: (resume: Resume<T>) => Abort | void;

  constructor(
    name: string,
    options: TimeoutOptions,
    begin: (resume: Resume<T>) => Abort | void,
    known?: readonly string[],
  ) {
    super(options, name, known);
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
 * @param known The names of all options, if the operation has more.
 */
export function timed<T>(
  name: string,
  options: TimeoutOptions,
  begin: (resume: Resume<T>) => Abort | void,
  known?: readonly string[],
): Operation<T> {
  return new FunctionTimedOperation(name, options, begin, known);
}
