/**
 * `Join` waits for the end of another coroutine.
 *
 * @module
 */

import { NO_OPTIONS, refuseSurplus } from "../call_checks.ts";
import { showValue } from "../option_checks.ts";
import { type Abort, NOT_YET, type Operation, type Resume } from "../operation.ts";
import { RunningTask } from "../kernel/running_task.ts";
import type { Task } from "../task.ts";
import { TimedOperation, type TimeoutOptions } from "../timed_operation.ts";

/**
 * Waits until a coroutine ends.
 *
 * @param task A task from `AddCoro` or `scheduler.add`.
 * @param options `timeout`, `priority`. A timeout ends the wait only; the joined coroutine goes on.
 * @returns An operation that gives the result of the coroutine.
 * @throws {TypeError} If `task` is not a task, or, at the `yield`, if it is the calling coroutine.
 * @throws At the `yield`: the coroutine's error, `TaskCancelled`, or `OperationTimeout`.
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
export function Join<T>(task: Task<T>, options: TimeoutOptions = NO_OPTIONS): Operation<T> {
  if (arguments.length > 2) refuseSurplus("Join", arguments, 2);
  return new JoinOperation(task, options);
}

/**
 * Gives the class behind the public interface of a task. All functions that join or watch a task of
 * the caller call this.
 *
 * @param task A task from `AddCoro` or `scheduler.add`.
 * @param action A verb for the error message, such as `join`.
 * @returns The same object.
 * @throws {TypeError} If it is another kind of object, such as a generator.
 */
export function runningTask<T>(task: Task<T>, action: string): RunningTask<T> {
  if (task instanceof RunningTask) return task;
  throw new TypeError(
    `Cannot ${action} ${showValue(task)}: expected a task, as AddCoro or scheduler.add gives it`,
  );
}

class JoinOperation<T> extends TimedOperation<T> {
  readonly #task: RunningTask<T>;

  constructor(task: Task<T>, options: TimeoutOptions) {
    super(options, "Join");
    this.#task = runningTask(task, "join");
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
