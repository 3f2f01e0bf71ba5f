/**
 * The wait of a coroutine: the only holder of the right to resume it.
 *
 * @module
 */

import type { Operation } from "../operation.ts";
import { favoursCaller } from "../priority.ts";
import type { RunningTask } from "./running_task.ts";
import { Wait } from "./wait.ts";

/** What a coroutine has yielded, until it settles. */
export class Suspension extends Wait {
  readonly operation: Operation<unknown>;

  constructor(task: RunningTask<unknown>, operation: Operation<unknown>) {
    super(task);
    this.operation = operation;
  }

  /** Whether the coroutine goes first once it goes on. */
  get first(): boolean {
    return favoursCaller(this.operation.priority ?? this.task.kernel.defaultPriority);
  }

  protected deliver(kind: "value" | "error", content: unknown): void {
    this.task.deliver(kind, content);
  }
}
