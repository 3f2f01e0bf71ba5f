/**
 * Operations inside an operation: what `race`, `all` and `timeout` are made of.
 *
 * @module
 */

import type { Abort, Operation, Resume } from "../operation.ts";
import type { RunningTask } from "../kernel/running_task.ts";
import { Wait } from "../kernel/wait.ts";

/** How one of several operations ended. */
export interface Outcome {
  readonly kind: "value" | "error";
  /** The value, or the error. */
  readonly content: unknown;
}

/** The wait for one of several operations, on behalf of a coroutine that waits for them together. */
class Branch extends Wait {
  readonly #outer: Resume<unknown>;
  readonly #onEnd: (outcome: Outcome) => void;

  constructor(outer: Resume<unknown>, onEnd: (outcome: Outcome) => void) {
    super(outer.task as RunningTask<unknown>);
    this.#outer = outer;
    this.#onEnd = onEnd;
  }

  /** Activity counts for whoever waits for the whole. */
  override active(): void {
    super.active();
    this.#outer.active();
  }

  protected deliver(kind: "value" | "error", content: unknown): void {
    this.#onEnd({ kind, content });
  }
}

/** Ends a wait as one of its operations ended. */
export function settle(resume: Resume<unknown>, { kind, content }: Outcome): void {
  if (kind === "value") resume.value(content);
  else resume.error(content);
}

/** Several operations of one wait. */
export class Branches {
  readonly #outer: Resume<unknown>;
  readonly #open = new Set<Branch>();

  constructor(outer: Resume<unknown>) {
    this.#outer = outer;
  }

  /** Starts one; `onEnd` hears how it ended, unless it is aborted before. */
  start(operation: Operation<unknown>, onEnd: (outcome: Outcome) => void): void {
    const branch = new Branch(this.#outer, (outcome) => {
      this.#open.delete(branch);
      onEnd(outcome);
    });
    this.#open.add(branch);
    branch.begin(operation);
  }

  /**
   * Aborts those that have not ended.
   *
   * All are settled before the first is undone: what one of them gives back must not go to another
   * that nobody waits for any more.
   */
  readonly abort: Abort = () => {
    const aborts = Array.from(this.#open, (branch) => branch.release());
    this.#open.clear();
    for (const abort of aborts) this.#undo(abort);
  };

  /** Whoever ended the wait is not to blame if this fails. */
  #undo(abort: Abort | undefined): void {
    try {
      abort?.();
    } catch (error) {
      const task = this.#outer.task as RunningTask<unknown>;
      task.kernel.report(error, task);
    }
  }
}
