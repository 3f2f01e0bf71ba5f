/**
 * A coroutine in a scheduler, as everyone sees it.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { Deadline } from "./duration.ts";

/**
 * A generator that a scheduler runs. It waits with `yield* operation` (typed), or with `yield` of
 * an operation, a promise or another coroutine; a bare `yield` or `yield ""` lets others run.
 */
export type Coroutine<T> = Generator<unknown, T, unknown>;

/** What makes a coroutine: usually a generator function. */
export type CoroutineFunction<A extends unknown[], T> = (...args: A) => Coroutine<T>;

/** Where a {@linkcode Task} is in its life. */
export type TaskState = "ready" | "running" | "waiting" | "returned" | "failed" | "cancelled";

/**
 * A coroutine that was added to a scheduler.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, Sleep, type Task } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task: Task<string> = new Scheduler({ clock }).add(function* nap() {
 *   yield* Sleep(1);
 *   return "rested";
 * });
 * clock.advance(0);
 * assertEquals([task.name, task.state, task.waitsFor], ["nap", "waiting", "Sleep"]);
 * clock.advance(1000);
 * assertEquals([task.state, task.result], ["returned", "rested"]);
 * ```
 */
export interface Task<T> {
  /** Where it runs. */
  readonly scheduler: TaskScheduler;
  /** The name of its function, for tracing. */
  readonly name: string;
  /** The task that added this one. */
  readonly parent: Task<unknown> | undefined;
  /** Where it is in its life. */
  readonly state: TaskState;
  /** Whether it has ended, in whatever way. */
  readonly done: boolean;
  /** What it returned; `undefined` before, or if it ended otherwise. */
  readonly result: T | undefined;
  /** What ended it: the error it threw, or {@linkcode TaskCancelled}. */
  readonly error: unknown;
  /** The name of the operation it waits for, for tracing. */
  readonly waitsFor: string | undefined;
  /**
   * Ends the coroutine through `return()`, so that its `finally` blocks run, in the next turn.
   *
   * What it waits for is aborted at once. A value that is already on its way still arrives; the
   * cancellation then follows at the next wait. Its `finally` blocks may wait; a second `cancel`
   * does not disturb them. Functions whose `finally` waits are to be called with `yield* Call(fn)`.
   */
  cancel(): void;
}

/** What {@linkcode TaskScheduler.stats} counts. */
export interface SchedulerStats {
  /** Coroutines that have not ended. */
  readonly tasks: number;
  /** The coroutines among them that are ready to run. */
  readonly ready: number;
  /** Deadlines that are set. */
  readonly deadlines: number;
  /** Waits for a signal, and signals that wait for recipients. */
  readonly signals: number;
}

/**
 * A scheduler, as its coroutines and their operations see it. `Scheduler` is the class.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, type TaskScheduler } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {});
 * const scheduler: TaskScheduler = task.scheduler;
 * assertEquals(scheduler.stats().ready, 1);
 * ```
 */
export interface TaskScheduler {
  /** The source of time and turns. */
  readonly clock: Clock;
  /** The timeout of operations without one; -1 for none. */
  readonly defaultTimeout: Deadline;
  /** The task that is being stepped; `undefined` between steps. */
  readonly current: Task<unknown> | undefined;
  /** Adds a coroutine; its first step runs in the next turn. */
  add<A extends unknown[], T>(fn: CoroutineFunction<A, T>, ...args: A): Task<T>;
  /** The tasks that have not ended, youngest first. */
  tasks(): IterableIterator<Task<unknown>>;
  /** Counts tasks and waits. */
  stats(): SchedulerStats;
  /** Resolves when no task is left. */
  run(): Promise<void>;
  /** Cancels every task, and resolves when all have ended. */
  shutdown(): Promise<void>;
}

/** Thrown at those who join a coroutine that was cancelled. */
export class TaskCancelled extends Error {
  /** `TaskCancelled`. */
  override readonly name = "TaskCancelled";
  /** The coroutine that was cancelled. */
  readonly task: Task<unknown>;

  /**
   * Makes the error for those who join.
   *
   * @param task The coroutine that was cancelled.
   */
  constructor(task: Task<unknown>) {
    super(`Coroutine ${task.name} was cancelled`);
    this.task = task;
  }
}
