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
import { originOf } from "../origin.ts";
import type { Task } from "../task.ts";

/** The last wait of a task. */
export interface LastWait {
  /** The time when the wait began, in the clock's milliseconds. */
  readonly sinceMs: number;
  /** The line that made the operation, as the runtime writes it. */
  readonly from: string | undefined;
}

/** Remembers the last wait of each task, for as long as the task itself is remembered. */
export class Tracer {
  readonly #clock: Clock;
  readonly #waits = new WeakMap<
    Task<unknown>,
    { sinceMs: number; operation: Operation<unknown> }
  >();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that a task begins to wait for an operation. */
  suspended(task: Task<unknown>, operation: Operation<unknown>): void {
    this.#waits.set(task, { sinceMs: this.#clock.now(), operation });
  }

  /** The last wait of a task; `undefined` if the task has never waited. */
  lastWait(task: Task<unknown>): LastWait | undefined {
    const wait = this.#waits.get(task);
    return wait && { sinceMs: wait.sinceMs, from: originOf(wait.operation) };
  }
}
