/**
 * Coroutines as generators: a scheduler, and the operations they wait for.
 *
 * The module works alone, in any ECMAScript host: it imports nothing, and the caller passes the
 * clock.
 *
 * ## From `async` and `await` to coroutines
 *
 * | with promises | here |
 * |---|---|
 * | `async function f() {}` | `function* f() {}` |
 * | `await f()` | `yield* f()`, or `yield* Call(f)` if a `finally` in it waits |
 * | `await promise` | `yield* until(promise)` |
 * | `const p = f(); ...; await p` | `const task = yield* AddCoro(f); ...; yield* Join(task)` |
 * | `Promise.all`, `.allSettled`, `.race` | `all`, `allSettled`, `race`: losers are aborted |
 * | `setTimeout` in a promise | `Sleep(seconds)` |
 * | `AbortController`, passed everywhere | `task.cancel()`, passed nowhere |
 * | `AsyncLocalStorage` | `local(initial)` |
 * | `p` in async code | `toPromise(task)` |
 *
 * A coroutine is a generator, and a {@linkcode Scheduler} runs it. The coroutine yields an
 * {@linkcode Operation} to wait for it. The call `Sleep(1)` only makes an operation; `yield*`
 * performs the operation, and has the type of its result. Between two `yield`s no other coroutine
 * runs, so no locks are needed.
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
 * ## The end of a wait
 *
 * Exactly one of three events ends a wait: a value, an error, or the coroutine's cancellation.
 * `task.cancel()` aborts the operation that the coroutine waits for, and makes its generator
 * `return`: its `finally` blocks run, its `catch` blocks do not. A result that is already on its
 * way, such as an item of a queue, still arrives; the cancellation then follows at the next wait.
 * So no item is lost.
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
 * One trap comes from the language: when the `finally` of a *nested* generator waits, a plain
 * `yield*` around it forgets the cancellation. `yield* Call(fn)` does not.
 *
 * ## The life of a coroutine
 *
 * `AddCoro` adds a coroutine that may outlive its parent; if it fails and is not joined, its error
 * goes to the scheduler's `onError`. In a {@linkcode scope}, children end with the block that added
 * them, and an error of one child ends all. Coroutines and operations within a `Call`, `race`,
 * `all` or `timeout` end with the wait.
 *
 * ## Time, turns and order
 *
 * A turn runs the coroutines that were ready when it started, those with the least time used first;
 * then the host's event loop polls. Coroutines that wait in a list, such as that of a queue or a
 * signal, are served in order of arrival. Durations are seconds; every timed operation takes a
 * `timeout`.
 *
 * @module
 */

// The scheduler, its tasks and its clock
export { Scheduler, type SchedulerOptions } from "./scheduler.ts";
export {
  type Coroutine,
  type CoroutineFunction,
  type SchedulerStats,
  type Task,
  TaskCancelled,
  type TaskScheduler,
  type TaskState,
} from "./task.ts";
export type { Clock } from "./clock.ts";
export { ManualClock } from "./manual_clock.ts";
export { type Deadline, type Duration, fromNow, toMilliseconds } from "./duration.ts";
export { type Local, local } from "./local.ts";
export { refuseSurplus } from "./call_checks.ts";
export {
  checkNames,
  checkOption,
  hideSecrets,
  isClass,
  nearestName,
  optionError,
  type OptionKind,
  showValue,
} from "./option_checks.ts";
export { taskChain, type TaskTrace, traceTasks } from "./trace_tasks.ts";

// Operations: the contract, and how to make new ones
export {
  type Abort,
  BaseOperation,
  isOperation,
  type Operation,
  operation,
  type Resume,
} from "./operation.ts";
export { OperationTimeout, TimedOperation, type TimeoutOptions } from "./timed_operation.ts";
export { type Priority, priority } from "./priority.ts";
export { withPriority } from "./operations/with_priority.ts";

// Coroutines: adding, calling, joining
export { AddCoro } from "./operations/add_coro.ts";
export { Call, type CalledValue } from "./operations/call.ts";
export { Join } from "./operations/join.ts";
export { type Scope, scope } from "./operations/scope.ts";

// Time, and several operations at once
export { Sleep } from "./operations/sleep.ts";
export { timeout } from "./operations/timeout.ts";
export { type OperationValue, race } from "./operations/race.ts";
export { all, allSettled, type OperationResults, type OperationValues } from "./operations/all.ts";

// Communication between coroutines
export { Signal, type SignalOptions, WaitForSignal } from "./operations/signal.ts";
export { Semaphore } from "./operations/semaphore.ts";
export { Queue } from "./operations/queue.ts";
export { Empty, Full, QueueClosed } from "./operations/queue_errors.ts";
export {
  type Chunk,
  chunk,
  type ChunkOf,
  Iterate,
  type Pipe,
  sentinel,
} from "./operations/pipe.ts";
export { PublishSubscribeQueue } from "./pubsub/publish_subscribe.ts";
export {
  type FetchOptions,
  NotSubscribed,
  type PublishSubscribeOptions,
  type SlowConsumerPolicy,
  type SubscribeOptions,
} from "./pubsub/subscription.ts";

// Promises, callbacks and abort signals
export { until } from "./operations/until.ts";
export { type Callback, fromCallback } from "./operations/from_callback.ts";
export { toPromise } from "./interop/to_promise.ts";
export type { AsyncDisposeKey, HostAsyncDisposable } from "./interop/async_disposable.ts";
export {
  type AbortControllerLike,
  aborted,
  type AbortSignalLike,
  cancelOn,
  type HostAbortSignal,
  signalOf,
} from "./interop/abort_signal.ts";

// Sockets
export { Accept, Acceptor, Connect, type Dial } from "./sockets/acceptor.ts";
export type { ByteSocket, SocketHandler } from "./sockets/byte_socket.ts";
export { readline, readlines, Recv, RecvAll, Send, SendAll } from "./sockets/socket_operations.ts";
export { ConnectionClosed, type SocketStream } from "./sockets/socket_stream.ts";
