/**
 * One wait: the right to end it once, and its place among the deadlines.
 *
 * @module
 */

import type { Expiring } from "./deadline_heap.ts";
import type { Abort, Operation, Resume } from "./operation.ts";
import type { RunningTask } from "./running_task.ts";
import type { Scheduler } from "./scheduler.ts";

/** A started operation, until it settles; it is also its own entry in the deadline heap. */
export abstract class Wait implements Resume<unknown>, Expiring {
  readonly task: RunningTask<unknown>;
  settled = false;
  time = 0;
  order = 0;
  place = -1;
  #abort: Abort | undefined;
  #onDeadline: (() => void) | undefined;
  #released = false;
  /** How far activity moves the deadline, in milliseconds; 0 for not at all. */
  #extension = 0;

  constructor(task: RunningTask<unknown>) {
    this.task = task;
  }

  /** Where the end of the wait goes. */
  protected abstract deliver(kind: "value" | "error", content: unknown): void;

  get scheduler(): Scheduler {
    return this.task.scheduler;
  }

  /** Starts an operation; an error in doing so is the waiter's. */
  begin(operation: Operation<unknown>): void {
    try {
      const abort = operation.start(this);
      if (!this.settled) this.#abort = abort ?? undefined;
      else if (this.#released) abort?.(); // what it did while starting has ended its own wait
    } catch (error) {
      this.error(error);
    }
  }

  value(value: unknown): void {
    if (this.#settle()) this.deliver("value", value);
  }

  error(error: unknown): void {
    if (this.#settle()) this.deliver("error", error);
  }

  setDeadline(milliseconds: number, onDeadline: () => void, weak: boolean = false): void {
    if (this.settled) return;
    this.#onDeadline = onDeadline;
    this.#extension = weak ? milliseconds : 0;
    this.#arm(milliseconds);
  }

  active(): void {
    if (!this.settled && this.#extension > 0) this.#arm(this.#extension);
  }

  /** Its time has come. */
  expire(): void {
    try {
      this.#onDeadline?.();
    } catch (error) {
      this.error(error);
    }
  }

  /** Ends the wait without resuming: nobody is interested any more. */
  abort(): void {
    this.release()?.();
  }

  /** The first half of {@linkcode abort}: nothing is taken in any more; the rest is the result. */
  release(): Abort | undefined {
    const abort = this.#abort;
    if (!this.#settle()) return undefined;
    this.#released = true;
    return abort;
  }

  #arm(milliseconds: number): void {
    const { kernel } = this.task;
    kernel.removeDeadline(this);
    kernel.addDeadline(this, milliseconds);
  }

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.task.kernel.removeDeadline(this);
    this.#abort = this.#onDeadline = undefined;
    return true;
  }
}
