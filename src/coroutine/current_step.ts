/**
 * The step that runs now. Code that has no task at hand finds its scheduler and its locals here.
 *
 * A kernel sets the current step before it resumes a generator and restores the outer one
 * afterwards. Host callbacks, and code after an `await`, run in no step. Steps nest when a step
 * starts a coroutine of another scheduler.
 *
 * `Local`, `noteOrigin` and `scope` read the current step; the kernel sets it.
 *
 * @module
 */

import type { TaskScheduler } from "./task.ts";

/** The part of a scheduler that hears of operations. */
export interface OperationWatcher {
  /** An operation was made. */
  watch(operation: object, origin: Error): void;
  /** An operation is performed. */
  performed(operation: object): void;
}

/**
 * The values of a coroutine's locals, by local. The map is never changed in place, so children can
 * share it.
 */
export type LocalValues = ReadonlyMap<object, unknown>;

/** A step of a coroutine. Reading a property has no effect. */
export interface CurrentStep {
  /** The scheduler of the coroutine. */
  readonly scheduler: TaskScheduler;
  /** Whether operations made in this step note their origin: the scheduler's option `debug`. */
  readonly isTraced: boolean;
  /** Hears of the operations that are made in this step; only if mistakes are told of. */
  readonly operationWatcher: OperationWatcher | undefined;
  /**
   * The coroutine's locals. `Local` assigns them; `Local` and the tasks added in this step read
   * them.
   */
  locals: LocalValues | undefined;
}

/**
 * State usually belongs to an object. This variable of the module is an exception: its value lasts
 * for one synchronous step, never longer.
 */
let current: CurrentStep | undefined;

/** The step that runs now; `undefined` in host callbacks and after an `await`. */
export function currentStep(): CurrentStep | undefined {
  return current;
}

/**
 * Sets the current step. Only the kernel calls this.
 *
 * @param step The step that begins, or the outer step when one ends.
 * @returns The step that was current until now.
 */
export function enterStep(step: CurrentStep | undefined): CurrentStep | undefined {
  const outer = current;
  current = step;
  return outer;
}
