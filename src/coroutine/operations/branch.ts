/**
 * Operations inside an operation: each branch waits for one of them, for the same coroutine.
 *
 * The trap: an abort may hand an item, or room in a queue, to another waiter. So all branches are
 * settled before the first abort runs; see {@linkcode Branches.abort}.
 *
 * `race`, `all`, `allSettled` and `timeout` call this.
 *
 * @module
 */

import { notePerformed } from "../origin.ts";
import { isOperation } from "../operation.ts";
import { optionError } from "../option_checks.ts";
import type { Abort, Operation, Resume } from "../operation.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import { Wait } from "../kernel/wait.ts";

/** The end of one of several operations. */
export interface Outcome {
  readonly kind: "value" | "error";
  /** The value, or the error. */
  readonly content: unknown;
}

/** Takes the outcome of a branch. */
export type OnEnd = (outcome: Outcome) => void;

/** The wait for one of several operations. */
class Branch extends Wait {
  /** The branch of the same wait that was started after this one. */
  next: Branch | undefined;
  readonly #branches: Branches;
  readonly #onEnd: OnEnd;

  constructor(branches: Branches, onEnd: OnEnd) {
    super(branches.outer.task as RunningTask<unknown>);
    this.#branches = branches;
    this.#onEnd = onEnd;
  }

  /** Reports activity to the outer wait, too, because that wait may have a weak timeout. */
  override active(): void {
    super.active();
    this.#branches.outer.active();
  }

  protected deliver(kind: "value" | "error", content: unknown): void {
    this.#onEnd({ kind, content });
  }
}

/** Ends a wait with the outcome of one of its operations. */
export function settleWith(resume: Resume<unknown>, { kind, content }: Outcome): void {
  if (kind === "value") resume.value(content);
  else resume.error(content);
}

/** The branches of one wait. A branch that waits holds no function of its own, as a race may wait for long. */
export class Branches {
  readonly outer: Resume<unknown>;
  /** The branches in the order of their start, linked by `next`, which takes less memory than a `Set`. */
  #first: Branch | undefined;
  #last: Branch | undefined;

  constructor(outer: Resume<unknown>) {
    this.outer = outer;
  }

  /** Starts an operation. `onEnd` gets its outcome, unless the branch is aborted before. */
  start(operation: Operation<unknown>, onEnd: OnEnd): void {
    const branch = new Branch(this, onEnd);
    if (this.#last === undefined) this.#first = branch;
    else this.#last.next = branch;
    this.#last = branch;
    branch.begin(operation);
  }

  /**
   * Aborts all branches that have not ended.
   *
   * All branches are settled before the first abort runs. Otherwise an abort that gives back an
   * item, or room in a queue, could resume another branch of the same wait, and the item would be
   * lost.
   */
  readonly abort: Abort = () => {
    const aborts: (Abort | undefined)[] = [];
    for (let branch = this.#first; branch !== undefined; branch = branch.next) {
      aborts.push(branch.release());
    }
    this.#first = this.#last = undefined;
    for (const abort of aborts) this.#runAbort(abort);
  };

  /**
   * Runs an abort. Its error goes to the scheduler's `onError`, not to the coroutine that resumed.
   */
  #runAbort(abort: Abort | undefined): void {
    try {
      abort?.();
    } catch (error) {
      const task = this.outer.task as RunningTask<unknown>;
      task.kernel.report(error, task);
    }
  }
}

/**
 * Checks the argument of an operation that waits for another one.
 *
 * @throws {TypeError} If it is no operation.
 */
export function checkOperation(name: string, value: unknown): void {
  if (isOperation(value)) return notePerformed(value);
  throw optionError(`An argument of ${name}`, value, "an operation, such as Sleep(1)");
}

/**
 * Checks the argument of an operation that waits for several others.
 *
 * @throws {TypeError} If it is no array of operations.
 */
export function checkOperations(name: string, operations: unknown): void {
  if (!Array.isArray(operations)) {
    throw optionError(`The argument of ${name}`, operations, "an array of operations");
  }
  for (const value of operations) checkOperation(name, value);
}
