/**
 * Which coroutine is being stepped, whatever its scheduler: set for the length of one step, so it is
 * no state that outlives a turn.
 *
 * @module
 */

import type { RunningTask } from "./running_task.ts";

let current: RunningTask<unknown> | undefined;

/** The coroutine whose step this is; none in a callback of the host, or after an `await`. */
export function currentTask(): RunningTask<unknown> | undefined {
  return current;
}

/** Begins a step, and gives what was being stepped around it. For the kernel. */
export function enterTask(
  task: RunningTask<unknown> | undefined,
): RunningTask<unknown> | undefined {
  const outer = current;
  current = task;
  return outer;
}
