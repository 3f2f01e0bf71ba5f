/**
 * Coroutines as generators: a scheduler, and the operations they wait for.
 *
 * Usable alone, in any ECMAScript host: it imports nothing, and time is handed in.
 *
 * @module
 */

export {
  type AbortControllerLike,
  aborted,
  type AbortSignalLike,
  cancelOn,
  signalOf,
} from "./abort_signal.ts";
export { AddCoro } from "./add_coro.ts";
export { all, allSettled, type OperationResults, type OperationValues } from "./all.ts";
export { Call } from "./call.ts";
export type { Clock } from "./clock.ts";
export { type Deadline, type Duration, fromNow, toMilliseconds } from "./duration.ts";
export { type Callback, fromCallback } from "./from_callback.ts";
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
export { type Chunk, chunk, type ChunkOf, Iterate, type Pipe, sentinel } from "./pipe.ts";
export { type Priority, priority, withPriority } from "./priority.ts";
export { PublishSubscribeQueue } from "./publish_subscribe.ts";
export { Empty, Full, Queue, QueueClosed } from "./queue.ts";
export { type OperationValue, race } from "./race.ts";
export { Scheduler, type SchedulerOptions, type SchedulerStats } from "./scheduler.ts";
export { type Scope, scope } from "./scope.ts";
export { Semaphore } from "./semaphore.ts";
export { Signal, type SignalOptions, WaitForSignal } from "./signal.ts";
export { Sleep } from "./sleep.ts";
export {
  type FetchOptions,
  NotSubscribed,
  type PublishSubscribeOptions,
  type SlowConsumerPolicy,
  type SubscribeOptions,
} from "./subscription.ts";
export {
  type Coroutine,
  type CoroutineFunction,
  type Task,
  TaskCancelled,
  type TaskState,
} from "./task.ts";
export { OperationTimeout, TimedOperation, type TimeoutOptions } from "./timed_operation.ts";
export { timeout } from "./timeout.ts";
export { toPromise } from "./to_promise.ts";
export { taskChain, type TaskTrace, traceTasks } from "./tracer.ts";
export { until } from "./until.ts";
