/**
 * The last wait of each task, kept by a scheduler with the option `debug`: its time and its source
 * line.
 *
 * `RunningTask` writes it, and `traceTasks` reads it.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Operation } from "../operation.ts";
import { notePerformed, originOf } from "../origin.ts";
import type { Task } from "../task.ts";
import type { Mistakes } from "./mistakes.ts";

/** A step that takes at least this time is told of, in milliseconds. */
export const LONG_STEP_MS = 100;

/** The last wait of a task. */
export interface LastWait {
  /** The time when the wait began, in the clock's milliseconds. */
  readonly sinceMs: number;
  /** The line that made the operation, as the runtime writes it. */
  readonly from: string | undefined;
}

/** The operation that a task performs, and the one before. */
interface Wait {
  readonly sinceMs: number;
  readonly operation: Operation<unknown>;
  readonly before: Operation<unknown> | undefined;
}

/** Remembers the last wait of each task, for as long as the task itself is remembered. */
export class Tracer {
  readonly #clock: Clock;
  /** The warnings; only with the option `debug` of the server. */
  mistakes: Mistakes | undefined;
  readonly #waits = new WeakMap<Task<unknown>, Wait>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that a task performs an operation, for which it may have to wait. */
  performs(task: Task<unknown>, operation: Operation<unknown>): void {
    const before = this.#waits.get(task)?.operation;
    this.#waits.set(task, { sinceMs: this.#clock.now(), operation, before });
    notePerformed(operation);
  }

  /** Notes the time of a step. */
  stepped(task: Task<unknown> | undefined, name: string, tookMs: number): void {
    if (tookMs < LONG_STEP_MS || this.mistakes === undefined) return;
    const wait = task && this.#waits.get(task);
    const isOver = task === undefined || task.done;
    const from = isOver ? wait?.operation : wait?.before;
    const to = isOver ? undefined : wait?.operation;
    this.mistakes.longStep(name, tookMs, from && originOf(from), to && originOf(to));
  }

  /** The last wait of a task; `undefined` if the task has never waited. */
  lastWait(task: Task<unknown>): LastWait | undefined {
    const wait = this.#waits.get(task);
    return wait && { sinceMs: wait.sinceMs, from: originOf(wait.operation) };
  }
}
