/**
 * Traces for debugging: the state of each coroutine of a scheduler, its operation, and the time and
 * the source line of its wait.
 *
 * @module
 */

import { checkScheduler } from "./call_checks.ts";
import type { RunningTask } from "./kernel/running_task.ts";
import type { Task, TaskScheduler, TaskState } from "./task.ts";

/** The trace of one coroutine, from {@linkcode traceTasks}. */
export interface TaskTrace {
  /** The coroutine. */
  readonly task: Task<unknown>;
  /** The name of the coroutine, and of the coroutines that added it, nearest first. */
  readonly chain: readonly string[];
  /** The state now. */
  readonly state: TaskState;
  /** The name of the operation that the coroutine waits for. */
  readonly waitsFor: string | undefined;
  /** The time that the coroutine has waited, in milliseconds; `undefined` without `debug`. */
  readonly waited: number | undefined;
  /** The source line that waits, as the runtime writes it; `undefined` without `debug`. */
  readonly from: string | undefined;
}

/**
 * Traces the coroutines of a scheduler, oldest first.
 *
 * @param scheduler The scheduler. With its option `debug` an entry has the time and the line of the
 *   wait.
 * @returns One entry for each coroutine that has not ended.
 *
 * @example
 * ```ts
 * import { assertEquals, assertMatch } from "@std/assert";
 * import { ManualClock, Scheduler, traceTasks, WaitForSignal } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock, debug: true });
 * scheduler.add(function* listener() {
 *   yield* WaitForSignal("abc");
 * });
 * clock.advance(1500);
 * const [trace] = traceTasks(scheduler);
 * assertEquals(trace?.chain, ["listener"]);
 * assertEquals(trace?.waitsFor, 'WaitForSignal("abc")');
 * assertEquals(trace?.waited, 1500);
 * assertMatch(trace?.from ?? "", /listener/);
 * ```
 */
export function traceTasks(scheduler: TaskScheduler): TaskTrace[] {
  checkScheduler("traceTasks", scheduler);
  const now = scheduler.clock.now();
  const traces: TaskTrace[] = [];
  for (const task of scheduler.tasks()) {
    const waits = task.state === "waiting";
    const wait = waits ? (task as RunningTask<unknown>).kernel.tracer?.lastWait(task) : undefined;
    traces.push({
      task,
      chain: taskChain(task),
      state: task.state,
      waitsFor: task.waitsFor,
      waited: wait && now - wait.sinceMs,
      from: wait?.from,
    });
  }
  return traces.reverse();
}

/**
 * Gives the names of a coroutine and of its ancestors, nearest first, for error messages.
 *
 * Ancestors that ended long ago are forgotten.
 *
 * @param task A coroutine.
 * @returns At least its own name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, taskChain } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * scheduler.add(function* parent() {
 *   const child = scheduler.add(function* child() {});
 *   assertEquals(taskChain(child), ["child", "parent"]);
 * });
 * clock.advance(0);
 * ```
 */
export function taskChain(task: Task<unknown>): string[] {
  const names: string[] = [];
  for (let at: Task<unknown> | undefined = task; at !== undefined; at = at.parent) {
    names.push(at.name);
  }
  return names;
}
