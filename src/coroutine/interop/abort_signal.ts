/**
 * `AbortSignal` in both directions: an aborted signal cancels a coroutine or ends a wait, and the
 * end of a coroutine aborts a signal.
 *
 * The classes belong to the web platform, not to ECMAScript, so this file knows only their shapes.
 *
 * @module
 */

import { refuseSurplus } from "../call_checks.ts";
import { optionError } from "../option_checks.ts";
import { type Operation, operation } from "../operation.ts";
import { runningTask } from "../operations/join.ts";
import type { Task } from "../task.ts";

/** An `AbortSignal`, by its shape. */
export interface AbortSignalLike {
  /** Whether the signal has been aborted. */
  readonly aborted: boolean;
  /** The reason of the abort; `undefined` before. */
  readonly reason: unknown;
  /** Adds a listener that is called once, at the abort. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Removes a listener. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * The host's `AbortSignal`, as `fetch` takes it. Where the compiler knows no such class, its shape: so these
 * types need no library but ECMAScript's.
 */
export type HostAbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S
  : AbortSignalLike;

/** An `AbortController`, by its shape. */
export interface AbortControllerLike<S> {
  /** The signal of this controller. */
  readonly signal: S;
  /** Aborts the signal. */
  abort(reason?: unknown): void;
}

/**
 * Waits until a signal is aborted. A `race` is the usual place for this operation.
 *
 * @param signal An `AbortSignal`.
 * @returns An operation that never gives a value; it throws the signal's reason at the `yield`.
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
  if (arguments.length > 1) refuseSurplus("aborted", arguments, 1);
  checkSignal("The argument of aborted", signal);
  return operation((resume) => {
    const listener = () => resume.error(signal.reason);
    if (signal.aborted) return listener();
    signal.addEventListener("abort", listener);
    return () => signal.removeEventListener("abort", listener);
  }, "aborted");
}

/**
 * Cancels a coroutine when a signal is aborted. If the signal is aborted already, the coroutine is
 * cancelled at once.
 *
 * @param task A task from `scheduler.add` or `AddCoro`.
 * @param signal An `AbortSignal`; the listener is removed when the coroutine has ended.
 * @returns The same task.
 * @throws {TypeError} If `task` is not a task.
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
  const running = runningTask(task, "watch");
  checkSignal("The signal of cancelOn", signal);
  const cancel = () => task.cancel();
  if (signal.aborted) {
    cancel();
    return task;
  }
  signal.addEventListener("abort", cancel);
  running.watch(() => signal.removeEventListener("abort", cancel));
  return task;
}

/**
 * Aborts a controller when a coroutine ends without a result: cancelled, or with an error.
 *
 * @param task A task from `scheduler.add` or `AddCoro`.
 * @param controller A new `AbortController`. The caller makes it, as ECMAScript has no such class.
 * @returns The controller's signal, for `fetch` and the like.
 * @throws {TypeError} If `task` is not a task.
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
  const running = runningTask(task, "watch");
  if (typeof controller?.abort !== "function") {
    throw optionError("The controller of signalOf", controller, "an AbortController");
  }
  running.watch(() => {
    if (task.state !== "returned") controller.abort(task.error);
  });
  return controller.signal;
}

/** Checks a signal by its shape, since each runtime has its own class. */
function checkSignal(name: string, signal: unknown): void {
  const { aborted, addEventListener } = Object(signal) as Partial<AbortSignalLike>;
  if (typeof aborted === "boolean" && typeof addEventListener === "function") return;
  const isController = typeof signal === "object" && signal !== null && "abort" in signal;
  const advice = isController ? "; write controller.signal" : "";
  throw optionError(name, signal, `an AbortSignal${advice}`);
}
