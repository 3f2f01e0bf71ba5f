/**
 * The memory of a scheduler with the option `debug`: since when, and from which line, each task
 * waits.
 *
 * Written by `RunningTask`, read by `traceTasks`.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Operation } from "../operation.ts";
import { originOf } from "../origin.ts";
import type { Task } from "../task.ts";

/** The last wait of a task. */
export interface LastWait {
  /** When it began, in the clock's milliseconds. */
  readonly sinceMs: number;
  /** The line that made the operation, as the runtime writes it. */
  readonly from: string | undefined;
}

/** Remembers the last wait of each task, for as long as the task itself is remembered. */
export class Tracer {
  readonly #clock: Clock;
  readonly #waits = new WeakMap<Task<unknown>, LastWait>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A task begins to wait for an operation. */
  suspended(task: Task<unknown>, operation: Operation<unknown>): void {
    this.#waits.set(task, { sinceMs: this.#clock.now(), from: originOf(operation) });
  }

  /** The last wait of a task; `undefined` if the task has never waited. */
  lastWait(task: Task<unknown>): LastWait | undefined {
    return this.#waits.get(task);
  }
}
