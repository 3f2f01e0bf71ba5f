/**
 * Waiting for the end of another coroutine.
 *
 * @module
 */

import { type Abort, NOT_YET, type Operation, type Resume } from "../operation.ts";
import { RunningTask } from "../kernel/running_task.ts";
import type { Task } from "../task.ts";
import { TimedOperation, type TimeoutOptions } from "../timed_operation.ts";

class JoinOperation<T> extends TimedOperation<T> {
  readonly #task: RunningTask<T>;

  constructor(task: Task<T>, options: TimeoutOptions) {
    super(options);
    if (!(task instanceof RunningTask)) {
      throw new TypeError("Cannot join: expected a task, as AddCoro or scheduler.add gives it");
    }
    this.#task = task;
  }

  get name(): string {
    return `Join(${this.#task.name})`;
  }

  override attempt(): T | typeof NOT_YET {
    return this.#task.done ? this.#task.outcome() : NOT_YET;
  }

  protected begin(resume: Resume<T>): Abort | void {
    if (this.#task as unknown === resume.task) {
      throw new TypeError(`Coroutine ${this.#task.name} cannot join itself`);
    }
    return this.#task.join(resume);
  }
}

/**
 * Waits until a coroutine ends.
 *
 * @param task What `AddCoro` or `scheduler.add` gave.
 * @param options `timeout`; the joined coroutine goes on when it is over.
 * @returns An operation that gives what the coroutine returned.
 * @throws {TypeError} If it is no task.
 * @throws Where it is waited for: the coroutine's error, `TaskCancelled`, or `OperationTimeout`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Join, ManualClock, Scheduler } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const child = scheduler.add(function* () {
 *   return "done";
 * });
 * const task = scheduler.add(function* () {
 *   return yield* Join(child, { timeout: 5 });
 * });
 * clock.advance(0);
 * assertEquals(task.result, "done");
 * ```
 */
export function Join<T>(task: Task<T>, options: TimeoutOptions = {}): Operation<T> {
  return new JoinOperation(task, options);
}
