/**
 * Which coroutine is being stepped, whatever its scheduler: set for the length of one step, so it is
 * no state that outlives a turn.
 *
 * @module
 */

import type { Kernel } from "./kernel.ts";
import type { RunningTask } from "./running_task.ts";

/** What is being stepped: a task, or a newcomer that becomes one if it must. */
export interface Stepping {
  readonly kernel: Kernel;
  readonly task: RunningTask<unknown>;
}

let current: Stepping | undefined;

/** The coroutine whose step this is; none in a callback of the host, or after an `await`. */
export function currentTask(): RunningTask<unknown> | undefined {
  return current?.task;
}

/** The kernel whose coroutine this is a step of; asking makes no task of a newcomer. */
export function currentKernel(): Kernel | undefined {
  return current?.kernel;
}

/** Begins a step, and gives what was being stepped around it. For the kernel. */
export function enterStep(step: Stepping | undefined): Stepping | undefined {
  const outer = current;
  current = step;
  return outer;
}
