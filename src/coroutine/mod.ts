/**
 * Coroutines as generators: a scheduler, and the operations they wait for.
 *
 * Usable alone, in any ECMAScript host: it imports nothing, and time is handed in.
 *
 * @module
 */

export { AddCoro } from "./add_coro.ts";
export { Call } from "./call.ts";
export type { Clock } from "./clock.ts";
export { type Deadline, type Duration, fromNow, toMilliseconds } from "./duration.ts";
export { Join } from "./join.ts";
export { type Local, local } from "./local.ts";
export { ManualClock } from "./manual_clock.ts";
export {
  type Abort,
  BaseOperation,
  isOperation,
  type Operation,
  operation,
  type Resume,
} from "./operation.ts";
export { type Priority, priority, withPriority } from "./priority.ts";
export { Scheduler, type SchedulerOptions, type SchedulerStats } from "./scheduler.ts";
export { Signal, type SignalOptions, WaitForSignal } from "./signal.ts";
export { Sleep } from "./sleep.ts";
export {
  type Coroutine,
  type CoroutineFunction,
  type Task,
  TaskCancelled,
  type TaskState,
} from "./task.ts";
export { OperationTimeout, TimedOperation, type TimeoutOptions } from "./timed_operation.ts";
export { taskChain, type TaskTrace, traceTasks } from "./tracer.ts";
export { until } from "./until.ts";
