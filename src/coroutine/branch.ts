/**
 * Operations inside an operation: what `race`, `all` and `timeout` are made of.
 *
 * @module
 */

import type { Abort, Operation, Resume } from "./operation.ts";
import type { RunningTask } from "./running_task.ts";
import { Wait } from "./wait.ts";

/** How one of several operations ended. */
export type Outcome =
  | { readonly kind: "value"; readonly content: unknown }
  | { readonly kind: "error"; readonly content: unknown };

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

  /** Aborts those that have not ended. An error in doing so keeps none of the others. */
  readonly abort: Abort = () => {
    const branches = [...this.#open];
    this.#open.clear();
    let failures: unknown[] | undefined;
    for (const branch of branches) {
      try {
        branch.abort();
      } catch (error) {
        (failures ??= []).push(error);
      }
    }
    if (failures !== undefined) throw failures[0];
  };
}
