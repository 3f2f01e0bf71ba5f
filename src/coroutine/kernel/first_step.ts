/**
 * The first step of a launched coroutine, without a task.
 *
 * Most apps of a server end in their first step, so a task is made only when it is needed: if the
 * coroutine suspends or fails, or if code in the step needs its task (`materialize`).
 *
 * `Kernel.launch` calls this. A kernel runs one first step at a time, so it has one `FirstStep` and
 * uses it for every launch.
 *
 * @module
 */

import type { CurrentStep, LocalValues, OperationWatcher } from "../current_step.ts";
import { RunningTask, type TaskHost } from "./running_task.ts";
import type { Coroutine, TaskScheduler } from "../task.ts";

/** The kernel, as its first step sees it. */
export interface FirstStepHost extends TaskHost {
  /** Counts a new task among those that have not ended. */
  link(task: RunningTask<unknown>): void;
}

/** Runs first steps, one after another. */
export class FirstStep implements CurrentStep {
  readonly #kernel: FirstStepHost;
  /** The coroutine in its first step; `undefined` between steps. */
  #coroutine: Coroutine<unknown> | undefined;
  #name = "";
  /** The task of the coroutine, once there is one; `undefined` between steps. */
  #task: RunningTask<unknown> | undefined;

  constructor(kernel: FirstStepHost) {
    this.#kernel = kernel;
  }

  get scheduler(): TaskScheduler {
    return this.#kernel.scheduler;
  }

  get isTraced(): boolean {
    return this.#kernel.tracer !== undefined;
  }

  get operationWatcher(): OperationWatcher | undefined {
    return this.#kernel.tracer?.mistakes;
  }

  get locals(): LocalValues | undefined {
    return this.#task?.locals;
  }

  set locals(values: LocalValues | undefined) {
    this.materialize().locals = values;
  }

  /** Whether a coroutine is in its first step now. */
  get isRunning(): boolean {
    return this.#coroutine !== undefined;
  }

  /** Whether a coroutine is in its first step now, and has no task. */
  get isTaskless(): boolean {
    return this.#coroutine !== undefined && this.#task === undefined;
  }

  /** Makes the task of the coroutine that runs, unless it has been made, and returns it. */
  materialize(): RunningTask<unknown> {
    if (this.#task === undefined) {
      const coroutine = this.#coroutine as Coroutine<unknown>;
      this.#task = new RunningTask(this.#kernel, coroutine, this.#name, undefined);
      this.#task.beginStep();
      this.#kernel.link(this.#task);
    }
    return this.#task;
  }

  /**
   * Steps a coroutine once.
   *
   * @returns Its task; `undefined` if the coroutine has ended, whether or not a task was made.
   */
  run(coroutine: Coroutine<unknown>, name: string): RunningTask<unknown> | undefined {
    this.#coroutine = coroutine;
    this.#name = name;
    let result: IteratorResult<unknown, unknown> | undefined;
    try {
      result = coroutine.next();
    } catch (error) {
      this.materialize().failed(error);
    }
    const isTask = this.#task !== undefined || result?.done === false;
    if (isTask && result !== undefined) this.materialize().stepped(result);
    const task = this.#task;
    this.#task = this.#coroutine = undefined;
    return task?.done ? undefined : task;
  }
}
