/**
 * `AbortSignal` both ways: what aborts a signal may cancel a coroutine, and the reverse.
 *
 * The classes belong to the web, not to the language, so only their shape is known here.
 *
 * @module
 */

import { type Operation, operation } from "../operation.ts";
import { RunningTask } from "../kernel/running_task.ts";
import type { Task } from "../task.ts";

/** An `AbortSignal`, by its shape. */
export interface AbortSignalLike {
  /** Whether it has been aborted. */
  readonly aborted: boolean;
  /** Why. */
  readonly reason: unknown;
  /** Hears of the abort. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Hears no more of it. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/** An `AbortController`, by its shape. */
export interface AbortControllerLike<S> {
  /** What others listen to. */
  readonly signal: S;
  /** Aborts the signal. */
  abort(reason?: unknown): void;
}

/**
 * Waits until a signal is aborted: a contender for `race`.
 *
 * @param signal An `AbortSignal`.
 * @returns An operation that never gives a value; the signal's reason is thrown where it is waited for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { aborted, ManualClock, race, Scheduler, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * const controller = new AbortController();
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock, onError() {} }).add(function* () {
 *   yield* race([Sleep(60), aborted(controller.signal)]);
 * });
 * clock.advance(0);
 * controller.abort("enough");
 * clock.advance(0);
 * assertEquals(task.error, "enough");
 * ```
 */
export function aborted(signal: AbortSignalLike): Operation<never> {
  return operation((resume) => {
    const listener = () => resume.error(signal.reason);
    if (signal.aborted) return listener();
    signal.addEventListener("abort", listener);
    return () => signal.removeEventListener("abort", listener);
  }, "aborted");
}

/**
 * Cancels a coroutine when a signal is aborted, now or later.
 *
 * @param task What `scheduler.add` or `AddCoro` gave.
 * @param signal An `AbortSignal`; it is let go of when the coroutine has ended.
 * @returns The same task.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cancelOn, ManualClock, Scheduler, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * const controller = new AbortController();
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const task = cancelOn(scheduler.add(function* () {
 *   yield* Sleep(60);
 * }), controller.signal);
 * clock.advance(0);
 * controller.abort();
 * clock.advance(0);
 * assertEquals(task.state, "cancelled");
 * ```
 */
export function cancelOn<T>(task: Task<T>, signal: AbortSignalLike): Task<T> {
  const cancel = () => task.cancel();
  if (signal.aborted) {
    cancel();
    return task;
  }
  signal.addEventListener("abort", cancel);
  running(task).watch(() => signal.removeEventListener("abort", cancel));
  return task;
}

/**
 * Aborts a controller when a coroutine ends without a result: cancelled, or with an error.
 *
 * @param task What `scheduler.add` or `AddCoro` gave.
 * @param controller A new `AbortController`. The language has none, so it must be handed in.
 * @returns The controller's signal, for `fetch` and the like.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, signalOf, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   yield* Sleep(60);
 * });
 * const signal = signalOf(task, new AbortController());
 * task.cancel();
 * clock.advance(0);
 * assertEquals(signal.aborted, true);
 * assertEquals(signal.reason, task.error);
 * ```
 */
export function signalOf<S>(task: Task<unknown>, controller: AbortControllerLike<S>): S {
  running(task).watch(() => {
    if (task.state !== "returned") controller.abort(task.error);
  });
  return controller.signal;
}

function running(task: Task<unknown>): RunningTask<unknown> {
  if (task instanceof RunningTask) return task;
  throw new TypeError("Expected a task, as AddCoro or scheduler.add gives it");
}
