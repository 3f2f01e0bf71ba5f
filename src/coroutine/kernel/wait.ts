/**
 * One wait: the right to end it once, and its deadline if it has one.
 *
 * @module
 */

import type { Expiring } from "./deadline_heap.ts";
import type { Abort, Operation, Resume } from "../operation.ts";
import type { RunningTask } from "./running_task.ts";
import type { Scheduler } from "../scheduler.ts";

/** When a wait is over at the latest: its entry in the deadline heap. Most waits have none. */
export class WaitDeadline implements Expiring {
  time = 0;
  order = 0;
  place = -1;
  /** How far activity moves it, in milliseconds; 0 for not at all. */
  readonly extension: number;
  readonly #wait: Wait;
  readonly #onDeadline: () => void;

  constructor(wait: Wait, onDeadline: () => void, extension: number) {
    this.#wait = wait;
    this.#onDeadline = onDeadline;
    this.extension = extension;
  }

  /** Its time has come. */
  expire(): void {
    try {
      this.#onDeadline();
    } catch (error) {
      this.#wait.error(error);
    }
  }
}

/** A started operation, until it settles. */
export abstract class Wait implements Resume<unknown> {
  readonly task: RunningTask<unknown>;
  settled = false;
  #abort: Abort | undefined;
  #deadline: WaitDeadline | undefined;
  #released = false;

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
    this.#disarm();
    this.#deadline = new WaitDeadline(this, onDeadline, weak ? milliseconds : 0);
    this.task.kernel.addDeadline(this.#deadline, milliseconds);
  }

  active(): void {
    const deadline = this.#deadline;
    if (this.settled || deadline === undefined || deadline.extension === 0) return;
    this.task.kernel.removeDeadline(deadline);
    this.task.kernel.addDeadline(deadline, deadline.extension);
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

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.#disarm();
    this.#abort = undefined;
    return true;
  }

  #disarm(): void {
    if (this.#deadline === undefined) return;
    this.task.kernel.removeDeadline(this.#deadline);
    this.#deadline = undefined;
  }
}
