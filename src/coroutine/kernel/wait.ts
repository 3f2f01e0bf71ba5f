/**
 * One wait of a task or of a branch, and its deadlines if it has any.
 *
 * A wait settles exactly once: by a value, by an error, or by being aborted. Every later call has
 * no effect, so operations need no check of their own. The trap: `start` may settle its own wait,
 * or cause its abort, before it returns the abort function.
 *
 * `RunningTask` makes waits, and so do the operations that wait for several others (`Branches`).
 *
 * @module
 */

import type { Expiring } from "./deadline_heap.ts";
import type { Abort, Operation, Resume } from "../operation.ts";
import { favoursCaller, type ResolvedPriority } from "../priority.ts";
import type { Task, TaskScheduler } from "../task.ts";

/** A deadline in the kernel's heap. */
export interface ExpiringDeadline extends Expiring {
  /** Called once, when the time has come. The method must not throw. */
  expire(): void;
}

/** The kernel, as waits see it. */
export interface WaitHost {
  readonly scheduler: TaskScheduler;
  /** The priority of operations without one. */
  readonly defaultPriority: ResolvedPriority;
  /** Sets a deadline that is not set, `milliseconds` from now. */
  addDeadline(deadline: ExpiringDeadline, milliseconds: number): void;
  /** Removes a deadline. The call has no effect if the deadline is not set. */
  removeDeadline(deadline: ExpiringDeadline): void;
}

/** A task, as waits see it. */
export interface WaitingTask extends Task<unknown> {
  readonly kernel: WaitHost;
}

/** A deadline of a wait: its entry in the deadline heap. Most waits have none. */
class WaitDeadline implements ExpiringDeadline {
  time = 0;
  order = 0;
  place = -1;
  /** Milliseconds from each activity to the moved deadline; 0 if activity does not move it. */
  readonly extensionMs: number;
  /** The next timeout of the same wait. */
  next: WaitDeadline | undefined;
  readonly #wait: Wait;
  readonly #onDeadline: () => void;

  constructor(wait: Wait, onDeadline: () => void, extensionMs: number) {
    this.#wait = wait;
    this.#onDeadline = onDeadline;
    this.extensionMs = extensionMs;
  }

  /** Calls the operation's `onDeadline`. An error of that function ends the wait. */
  expire(): void {
    try {
      this.#onDeadline();
    } catch (error) {
      this.#wait.error(error);
    }
  }
}

/**
 * - `open`: the operation has not ended.
 * - `settled`: a value or an error has ended the wait.
 * - `released`: an abort has ended the wait.
 */
type WaitState = "open" | "settled" | "released";

/** A started operation, until it settles. A subclass decides where the end of the wait goes. */
export abstract class Wait implements Resume<unknown> {
  readonly task: WaitingTask;
  #state: WaitState = "open";
  /**
   * The function that undoes the operation; `undefined` before `start` has returned and after the
   * wait has settled.
   */
  #abort: Abort | undefined;
  /** The deadline that the operation has set for itself. */
  #deadline: WaitDeadline | undefined;
  /** The timeouts of the operation and of operations around it, linked by `next`. */
  #timeouts: WaitDeadline | undefined;

  constructor(task: WaitingTask) {
    this.task = task;
  }

  /** Receives the end of the wait. An abort does not call this. */
  protected abstract deliver(kind: "value" | "error", content: unknown): void;

  get scheduler(): TaskScheduler {
    return this.task.kernel.scheduler;
  }

  get settled(): boolean {
    return this.#state !== "open";
  }

  /** Starts an operation; an error in `start` ends the wait, also if `start` is an async function. */
  begin(operation: Operation<unknown>): void {
    try {
      const abort = operation.start(this);
      if (abort instanceof Promise) abort.then(undefined, (error) => this.error(error));
      else if (this.#state === "open") this.#abort = abort ?? undefined;
      // `start` has caused the abort of its own wait: undo at once.
      else if (this.#state === "released") abort?.();
    } catch (error) {
      this.error(error);
    }
  }

  value(value: unknown): void {
    if (this.#settle("settled")) this.deliver("value", value);
  }

  error(error: unknown): void {
    if (this.#settle("settled")) this.deliver("error", error);
  }

  setDeadline(milliseconds: number, onDeadline: () => void, weak: boolean = false): void {
    if (this.#state !== "open") return;
    if (this.#deadline !== undefined) this.task.kernel.removeDeadline(this.#deadline);
    this.#deadline = this.#arm(milliseconds, onDeadline, weak);
  }

  /**
   * Adds a timeout of the wait, beside the deadline that the operation sets for itself: the
   * earliest of them ends the wait. `TimedOperation` calls this.
   */
  addTimeout(milliseconds: number, onTimeout: () => void, weak: boolean): void {
    if (this.#state !== "open") return;
    const timeout = this.#arm(milliseconds, onTimeout, weak);
    timeout.next = this.#timeouts;
    this.#timeouts = timeout;
  }

  active(): void {
    if (this.#deadline !== undefined) this.#extend(this.#deadline);
    for (let timeout = this.#timeouts; timeout !== undefined; timeout = timeout.next) {
      this.#extend(timeout);
    }
  }

  /** Ends the wait without a value or an error, and undoes the operation. */
  abort(): void {
    this.release()?.();
  }

  /**
   * The first half of {@linkcode abort}: from now on, a value or an error has no effect.
   *
   * @returns The second half, which undoes the operation, if there is anything to undo.
   */
  release(): Abort | undefined {
    const abort = this.#abort;
    return this.#settle("released") ? abort : undefined;
  }

  #settle(state: "settled" | "released"): boolean {
    if (this.#state !== "open") return false;
    this.#state = state;
    this.#abort = undefined;
    if (this.#deadline !== undefined || this.#timeouts !== undefined) this.#disarm();
    return true;
  }

  #arm(milliseconds: number, onDeadline: () => void, weak: boolean): WaitDeadline {
    const deadline = new WaitDeadline(this, onDeadline, weak ? milliseconds : 0);
    this.task.kernel.addDeadline(deadline, milliseconds);
    return deadline;
  }

  #extend(deadline: WaitDeadline): void {
    if (deadline.extensionMs === 0) return;
    this.task.kernel.removeDeadline(deadline);
    this.task.kernel.addDeadline(deadline, deadline.extensionMs);
  }

  #disarm(): void {
    if (this.#deadline !== undefined) this.task.kernel.removeDeadline(this.#deadline);
    for (let timeout = this.#timeouts; timeout !== undefined; timeout = timeout.next) {
      this.task.kernel.removeDeadline(timeout);
    }
    this.#deadline = this.#timeouts = undefined;
  }
}

/** A task that can be suspended. The wait gives it the value or the error. */
export interface SuspendableTask extends WaitingTask {
  deliver(kind: "value" | "error", content: unknown): void;
}

/** The wait that suspends a task. No other code resumes a suspended task. */
export class Suspension extends Wait {
  declare readonly task: SuspendableTask;
  readonly operation: Operation<unknown>;
  readonly priority: ResolvedPriority;

  constructor(task: SuspendableTask, operation: Operation<unknown>, priority: ResolvedPriority) {
    super(task);
    this.operation = operation;
    this.priority = priority;
  }

  /** Whether the task, once resumed, goes before all tasks that are ready. */
  get first(): boolean {
    return favoursCaller(this.priority);
  }

  protected deliver(kind: "value" | "error", content: unknown): void {
    this.task.deliver(kind, content);
  }
}
