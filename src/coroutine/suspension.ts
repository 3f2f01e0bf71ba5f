/**
 * One wait of one coroutine: the only holder of the right to resume it.
 *
 * @module
 */

import type { Expiring } from "./deadline_heap.ts";
import type { Abort, Operation, Resume } from "./operation.ts";
import type { Scheduler } from "./scheduler.ts";
import type { RunningTask } from "./running_task.ts";

/** A started operation, until it settles; it is also its own entry in the deadline heap. */
export class Suspension implements Resume<unknown>, Expiring {
  readonly task: RunningTask<unknown>;
  readonly operation: Operation<unknown>;
  settled = false;
  time = 0;
  place = -1;
  #abort: Abort | undefined;
  #onDeadline: (() => void) | undefined;

  constructor(task: RunningTask<unknown>, operation: Operation<unknown>) {
    this.task = task;
    this.operation = operation;
  }

  get scheduler(): Scheduler {
    return this.task.scheduler;
  }

  /** Starts the operation; an error in doing so is the coroutine's. */
  start(): void {
    try {
      const abort = this.operation.start(this);
      if (!this.settled && abort) this.#abort = abort;
    } catch (error) {
      this.error(error);
    }
  }

  value(value: unknown): void {
    if (this.#settle()) this.task.deliver("value", value);
  }

  error(error: unknown): void {
    if (this.#settle()) this.task.deliver("error", error);
  }

  setDeadline(milliseconds: number, onDeadline: () => void): void {
    if (this.settled) return;
    this.task.kernel.removeDeadline(this);
    this.#onDeadline = onDeadline;
    this.task.kernel.addDeadline(this, milliseconds);
  }

  /** Its time has come. */
  expire(): void {
    try {
      this.#onDeadline?.();
    } catch (error) {
      this.error(error);
    }
  }

  /** Ends the wait without resuming: the coroutine is being cancelled. */
  abort(): void {
    const abort = this.#abort;
    if (this.#settle()) abort?.();
  }

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.task.kernel.removeDeadline(this);
    this.#abort = this.#onDeadline = undefined;
    return true;
  }
}
