/**
 * Coroutines as generators: a scheduler, and the operations they wait for.
 *
 * Usable alone, in any ECMAScript host: it imports nothing, and time is handed in.
 *
 * ## For those who know `async` and `await`
 *
 * | with promises | here |
 * |---|---|
 * | `async function f() {}` | `function* f() {}` |
 * | `await f()` | `yield* f()`, or `yield* Call(f)` if a `finally` in it waits |
 * | `await promise` | `yield* until(promise)` |
 * | `const p = f(); ...; await p` | `const task = yield* AddCoro(f); ...; yield* Join(task)` |
 * | `Promise.all`, `.allSettled`, `.race` | `all`, `allSettled`, `race`: the losers are ended |
 * | `setTimeout` in a promise | `Sleep(seconds)` |
 * | `AbortController`, passed everywhere | `task.cancel()`, passed nowhere |
 * | `AsyncLocalStorage` | `local(initial)` |
 * | `p` in async code | `toPromise(task)` |
 *
 * A coroutine is a generator, and a {@linkcode Scheduler} runs it. What it yields is an
 * {@linkcode Operation}: a thing to wait for. Calling `Sleep(1)` does nothing yet; `yield*` performs
 * it, and has its type. Between two `yield`s nobody else runs, so there are no locks to forget.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Queue, race, Scheduler, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock(); // `createScheduler()` takes the runtime's
 * const scheduler = new Scheduler({ clock });
 * const jobs = new Queue<string>(10);
 *
 * function* worker() {
 *   for (let done = 0;; done++) {
 *     const job = yield* race([jobs.get(), Sleep(5)]); // string | void
 *     if (job === undefined) return done;
 *   }
 * }
 * const task = scheduler.add(worker);
 * jobs.putNowait("one");
 * jobs.putNowait("two");
 * clock.advance(5000);
 * assertEquals(task.result, 2);
 * ```
 *
 * ## What ends a wait
 *
 * Exactly one of three things: a value, an error, or the coroutine's cancellation. `task.cancel()` takes
 * it out of whatever it waits for and makes its generator `return`: its `finally` blocks run, its
 * `catch` blocks do not. What was already on its way, such as an item of a queue, still arrives; the
 * cancellation then follows at the next wait. So nothing is lost in between.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, Semaphore, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const lock = new Semaphore();
 * const task = scheduler.add(function* () {
 *   yield* lock.acquire();
 *   try {
 *     yield* Sleep(60);
 *   } finally {
 *     lock.release();
 *   }
 * });
 * clock.advance(0);
 * task.cancel();
 * clock.advance(0);
 * assertEquals([task.state, lock.available], ["cancelled", 1]);
 * ```
 *
 * One trap is the language's own: when the `finally` of a *nested* generator waits, a plain `yield*`
 * around it forgets that it was being cancelled. `yield* Call(fn)` does not forget.
 *
 * ## Who belongs to whom
 *
 * `AddCoro` adds a coroutine that lives for itself; an error of one that nobody joins goes to the
 * scheduler's `onError`. In a {@linkcode scope}, children end with the block that added them, and an
 * error of any ends all. What is waited for with `Call`, `race`, `all` or `timeout` ends with the wait.
 *
 * ## Time, turns and order
 *
 * A turn runs what was ready when it started, the coroutine that has used least time first, and then
 * the host's event loop has its turn. Whoever waits in a list, such as that of a queue or a signal, is
 * served in order of arrival. Durations are seconds; every timed operation takes a `timeout`.
 *
 * @module
 */

export {
  type AbortControllerLike,
  aborted,
  type AbortSignalLike,
  cancelOn,
  signalOf,
} from "./interop/abort_signal.ts";
export { Accept, Acceptor, Connect, type Dial } from "./sockets/acceptor.ts";
export { AddCoro } from "./operations/add_coro.ts";
export { all, allSettled, type OperationResults, type OperationValues } from "./operations/all.ts";
export type { ByteSocket, SocketHandler } from "./sockets/byte_socket.ts";
export { Call } from "./operations/call.ts";
export type { Clock } from "./clock.ts";
export { type Deadline, type Duration, fromNow, toMilliseconds } from "./duration.ts";
export { type Callback, fromCallback } from "./operations/from_callback.ts";
export { Join } from "./operations/join.ts";
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
export {
  type Chunk,
  chunk,
  type ChunkOf,
  Iterate,
  type Pipe,
  sentinel,
} from "./operations/pipe.ts";
export { type Priority, priority } from "./priority.ts";
export { withPriority } from "./operations/with_priority.ts";
export { PublishSubscribeQueue } from "./pubsub/publish_subscribe.ts";
export { Queue } from "./operations/queue.ts";
export { Empty, Full, QueueClosed } from "./operations/queue_errors.ts";
export { type OperationValue, race } from "./operations/race.ts";
export { Scheduler, type SchedulerOptions } from "./scheduler.ts";
export { type Scope, scope } from "./operations/scope.ts";
export { Semaphore } from "./operations/semaphore.ts";
export { Signal, type SignalOptions, WaitForSignal } from "./operations/signal.ts";
export { readline, readlines, Recv, RecvAll, Send, SendAll } from "./sockets/socket_operations.ts";
export { ConnectionClosed, SocketStream } from "./sockets/socket_stream.ts";
export { Sleep } from "./operations/sleep.ts";
export {
  type FetchOptions,
  NotSubscribed,
  type PublishSubscribeOptions,
  type SlowConsumerPolicy,
  type SubscribeOptions,
} from "./pubsub/subscription.ts";
export {
  type Coroutine,
  type CoroutineFunction,
  type SchedulerStats,
  type Task,
  TaskCancelled,
  type TaskScheduler,
  type TaskState,
} from "./task.ts";
export { OperationTimeout, TimedOperation, type TimeoutOptions } from "./timed_operation.ts";
export { timeout } from "./operations/timeout.ts";
export { toPromise } from "./interop/to_promise.ts";
export { taskChain, type TaskTrace, traceTasks } from "./trace_tasks.ts";
export { until } from "./operations/until.ts";
