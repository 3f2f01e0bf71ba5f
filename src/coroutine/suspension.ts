/**
 * The wait of a coroutine: the only holder of the right to resume it.
 *
 * @module
 */

import type { Operation } from "./operation.ts";
import { favoursCaller, favoursOthers } from "./priority.ts";
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

  /** Starts the operation, and lets those it wakes go first if it says so. */
  start(): void {
    const { kernel } = this.task;
    if (!favoursOthers(this.operation.priority ?? kernel.defaultPriority)) {
      return this.begin(this.operation);
    }
    kernel.unfavoured = this.task;
    this.begin(this.operation);
    kernel.unfavoured = undefined;
  }

  protected deliver(kind: "value" | "error", content: unknown): void {
    this.task.deliver(kind, content);
  }
}
