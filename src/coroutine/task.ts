/**
 * The public interfaces of a task, and of the scheduler as its coroutines see it.
 *
 * Both are interfaces that import nothing of the kernel, so that operations depend on them alone.
 * `kernel/running_task.ts` and `scheduler.ts` have the classes.
 *
 * @module
 */

import { BASE } from "./base_members.ts";
import type { Clock } from "./clock.ts";
import type { Deadline } from "./duration.ts";

/**
 * A generator that a scheduler runs. It waits with `yield* operation` (typed), or with `yield` of
 * an operation, a promise or another coroutine; a bare `yield` or `yield ""` lets others run.
 */
export type Coroutine<T> = Generator<unknown, T, unknown>;

/** A function that makes a coroutine: usually a generator function. */
export type CoroutineFunction<A extends unknown[], T> = (...args: A) => Coroutine<T>;

/** Whether a value is a generator. An async generator is none: no scheduler can step it. */
export function isCoroutine(value: unknown): value is Coroutine<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const { next, [Symbol.asyncIterator]: async } = value as Partial<AsyncGenerator>;
  return typeof next === "function" && next !== BASE.next && async === BASE[Symbol.asyncIterator];
}

/** The state of a {@linkcode Task}. The last three are final. */
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
  /** The scheduler that runs the coroutine. */
  readonly scheduler: TaskScheduler;
  /** The name of the coroutine's function, as traces show it. */
  readonly name: string;
  /** The task that added this one; `undefined` if code outside of any coroutine added it. */
  readonly parent: Task<unknown> | undefined;
  /** The state now. */
  readonly state: TaskState;
  /** Whether the state is `returned`, `failed` or `cancelled`. */
  readonly done: boolean;
  /** The result of a coroutine that has returned; otherwise `undefined`. */
  readonly result: T | undefined;
  /** The error that the coroutine threw, or {@linkcode TaskCancelled}; otherwise `undefined`. */
  readonly error: unknown;
  /** The name of the operation that the coroutine waits for, as traces show it. */
  readonly waitsFor: string | undefined;
  /**
   * Ends the coroutine through `return()`, in the next turn, so that its `finally` blocks run.
   *
   * The operation that it waits for is aborted at once. A value that is already on its way still
   * arrives; the cancellation then follows at the next wait. The `finally` blocks may wait; a
   * second `cancel` does not disturb them. A coroutine that waits in a `finally` of its own accord
   * goes no further in that block. A function with a `finally` that waits should be called with
   * `yield* Call(fn)`.
   */
  cancel(): void;
}

/** The counts of {@linkcode TaskScheduler.stats}. */
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
  /** The timeout of operations without a `timeout`; -1 for none. */
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

/** The error of a coroutine that was cancelled, thrown where a coroutine joins it. */
export class TaskCancelled extends Error {
  /** `TaskCancelled`. */
  override readonly name = "TaskCancelled";
  /** The coroutine that was cancelled. */
  readonly task: Task<unknown>;

  /**
   * Makes the error; its message names the coroutine.
   *
   * @param task The coroutine that was cancelled.
   */
  constructor(task: Task<unknown>) {
    super(`Coroutine ${task.name} was cancelled`);
    this.task = task;
  }
}
