/**
 * `WaitForSignal` and `Signal`: a coroutine waits for a name, and another coroutine wakes it with a
 * value.
 *
 * The {@linkcode SignalBoard} of the scheduler keeps the waits.
 *
 * @module
 */

import { checkOption, optionError } from "../option_checks.ts";
import { type Abort, ImmediateOperation, type Operation, type Resume } from "../operation.ts";
import { requireWhole } from "./counts.ts";
import { checkPriority, type Priority } from "../priority.ts";
import { SignalBoard } from "./signal_board.ts";
import type { Task } from "../task.ts";
import { areOnlyOptions, checkedOptions, NO_OPTIONS, refuseSurplus } from "../call_checks.ts";
import {
  checkTimeout,
  TimedOperation,
  TIMEOUT_OPTIONS,
  type TimeoutOptions,
} from "../timed_operation.ts";

/**
 * Waits until another coroutine of the same scheduler signals `name`.
 *
 * @param name Any value but `undefined`; it is compared as a `Map` key.
 * @param options `timeout`, `priority`.
 * @returns An operation that gives the value of the signal.
 * @throws {TypeError} If the name is missing.
 * @throws {OperationTimeout} At the `yield`, if the timeout expires.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, Signal, WaitForSignal } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const task = scheduler.add(function* () {
 *   return yield* WaitForSignal<string>("abc", { timeout: 5 });
 * });
 * scheduler.add(function* () {
 *   yield* Signal("abc", "hi");
 * });
 * clock.advance(0);
 * assertEquals(task.result, "hi");
 * ```
 */
export function WaitForSignal<T = unknown>(
  name: unknown,
  options: TimeoutOptions = NO_OPTIONS,
): Operation<T> {
  if (arguments.length > 2) refuseSurplus("WaitForSignal", arguments, 2);
  checkSignalName("WaitForSignal", name, TIMEOUT_OPTIONS);
  return new WaitForSignalOperation(name, options) as Operation<unknown> as Operation<T>;
}

/** Options of {@linkcode Signal}. */
export interface SignalOptions extends TimeoutOptions {
  /**
   * Waits until this many coroutines wait for the name, then wakes exactly these. Default: the
   * signal does not wait, and wakes all current waiters.
   */
  readonly recipients?: number;
}

/**
 * Wakes coroutines of the same scheduler that wait for `name`.
 *
 * Without `recipients` the signal wakes all current waiters, possibly none. With `recipients` the
 * signal waits until this many coroutines wait, and wakes those that have waited longest. Several
 * such signals of one name are served in order.
 *
 * @param name Any value but `undefined`; it is compared as a `Map` key.
 * @param value The value that each waiter gets.
 * @param options `recipients`, `timeout`, `priority`.
 * @returns An operation that gives the number of coroutines that the signal has woken.
 * @throws {TypeError} If the name is missing.
 * @throws {RangeError} If `recipients` is not a whole number, 0 or more.
 * @throws {OperationTimeout} At the `yield`, if the timeout expires.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, Signal } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   return yield* Signal("no waiter");
 * });
 * clock.advance(0);
 * assertEquals(task.result, 0);
 * ```
 */
export function Signal(
  name: unknown,
  value?: unknown,
  options: SignalOptions = NO_OPTIONS,
): Operation<number> {
  if (arguments.length > 3) refuseSurplus("Signal", arguments, 3);
  checkSignalName("Signal", name, SIGNAL_OPTIONS);
  if (options === NO_OPTIONS) return new WakeAllOperation(name, value, undefined);
  const own = checkedOptions("Signal", options, SIGNAL_OPTIONS);
  const { recipients = 0, priority, timeout, weakTimeout } = own;
  if (recipients !== 0) return new WakeExactlyOperation(name, value, recipients, own);
  checkPriority(priority);
  checkTimeout(timeout);
  checkOption("weakTimeout of Signal", weakTimeout, "boolean");
  return new WakeAllOperation(name, value, priority);
}

const SIGNAL_OPTIONS: readonly string[] = [...TIMEOUT_OPTIONS, "recipients"];

/** Refuses a missing name, which no other coroutine would mean, and options in the place of the name. */
function checkSignalName(of: string, name: unknown, options: readonly string[]): void {
  if (typeof name === "string") return;
  if (name !== undefined && !areOnlyOptions(name, options)) return;
  const call = `${of}("news", ${of === "Signal" ? "value, " : ""}options)`;
  throw optionError(`The name of ${of}`, name, `the name of a signal, as in ${call}`);
}

class WaitForSignalOperation extends TimedOperation<unknown> {
  readonly #signalName: unknown;

  constructor(signal: unknown, options: TimeoutOptions) {
    super(options, "WaitForSignal");
    this.#signalName = signal;
  }

  get name(): string {
    return `WaitForSignal(${label(this.#signalName)})`;
  }

  protected begin(resume: Resume<unknown>): Abort {
    return SignalBoard.of(resume.scheduler).wait(this.#signalName, resume);
  }
}

/** A signal without `recipients`. It wakes all current waiters and never waits itself. */
class WakeAllOperation extends ImmediateOperation<number> {
  override readonly priority: Priority | undefined;
  readonly #signalName: unknown;
  readonly #value: unknown;

  constructor(signal: unknown, value: unknown, priority: Priority | undefined) {
    super();
    this.#signalName = signal;
    this.#value = value;
    this.priority = priority;
  }

  get name(): string {
    return `Signal(${label(this.#signalName)})`;
  }

  attempt({ scheduler }: Task<unknown>): number {
    return SignalBoard.of(scheduler).wakeAll(this.#signalName, this.#value);
  }
}

/** A signal with `recipients`. It may have to wait for them. */
class WakeExactlyOperation extends TimedOperation<number> {
  readonly #signalName: unknown;
  readonly #value: unknown;
  readonly #recipients: number;

  constructor(signal: unknown, value: unknown, recipients: number, options: SignalOptions) {
    super(options, "Signal", SIGNAL_OPTIONS);
    this.#signalName = signal;
    this.#value = value;
    this.#recipients = recipients;
    requireWhole("signal", recipients, "recipients", 0);
  }

  get name(): string {
    return `Signal(${label(this.#signalName)})`;
  }

  protected begin(resume: Resume<number>): Abort | void {
    const pending = { resume, value: this.#value, recipients: this.#recipients };
    return SignalBoard.of(resume.scheduler).wakeExactly(this.#signalName, pending);
  }
}

function label(name: unknown): string {
  return typeof name === "string" ? JSON.stringify(name) : String(name);
}
