/**
 * Operations that give up after a time.
 *
 * @module
 */

import { type Deadline, fromNow } from "./duration.ts";
import { type Abort, BaseOperation, type Operation, type Resume } from "./operation.ts";

/** The option that every timed operation takes. */
export interface TimeoutOptions {
  /**
   * When to give up with an {@linkcode OperationTimeout}: seconds or another duration, a `Date`, or
   * -1 for never. Default: the scheduler's `defaultTimeout`.
   */
  readonly timeout?: Deadline;
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

/** The base of operations that take a `timeout`: a subclass defines `begin`. */
export abstract class TimedOperation<T> extends BaseOperation<T> {
  readonly #timeout: Deadline | undefined;

  /**
   * Keeps the timeout for each start.
   *
   * @param options `timeout`.
   * @throws {RangeError} If the timeout is negative (other than -1) or not a number.
   */
  constructor(options: TimeoutOptions) {
    super();
    this.#timeout = options.timeout;
    if (this.#timeout !== undefined && this.#timeout !== -1) fromNow(this.#timeout);
  }

  /** As {@linkcode Operation.start}, without the timeout. */
  protected abstract begin(resume: Resume<T>): Abort | void;

  /** Begins, and gives up with {@linkcode OperationTimeout} when the time is out. */
  override start(resume: Resume<T>): Abort | void {
    const abort = this.begin(resume);
    if (resume.settled) return;
    const timeout = this.#timeout ?? resume.scheduler.defaultTimeout;
    if (timeout !== -1) this.#arm(resume, fromNow(timeout), abort);
    return abort;
  }

  #arm(resume: Resume<T>, milliseconds: number, abort: Abort | void): void {
    if (milliseconds === Infinity) return;
    resume.setDeadline(milliseconds, () => {
      abort?.();
      resume.error(new OperationTimeout(this as Operation<unknown>));
    });
  }
}
