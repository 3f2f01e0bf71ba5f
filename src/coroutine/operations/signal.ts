/**
 * Signals: one coroutine waits for a name, another wakes it with a value.
 *
 * @module
 */

import { type Abort, ImmediateOperation, type Operation, type Resume } from "../operation.ts";
import { checkPriority, type Priority } from "../priority.ts";
import { SignalBoard } from "./signal_board.ts";
import type { Task } from "../task.ts";
import { checkTimeout, TimedOperation, type TimeoutOptions } from "../timed_operation.ts";

class WaitForSignalOperation extends TimedOperation<unknown> {
  readonly #signal: unknown;

  constructor(signal: unknown, options: TimeoutOptions) {
    super(options);
    this.#signal = signal;
  }

  get name(): string {
    return `WaitForSignal(${label(this.#signal)})`;
  }

  protected begin(resume: Resume<unknown>): Abort {
    return SignalBoard.of(resume.scheduler).wait(this.#signal, resume);
  }
}

/**
 * Waits until another coroutine of the same scheduler signals `name`.
 *
 * @param name Any value; it is compared as a `Map` key.
 * @param options `timeout`.
 * @returns An operation that gives the signal's value.
 * @throws {OperationTimeout} Where it is waited for, when the time is out.
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
  options: TimeoutOptions = {},
): Operation<T> {
  return new WaitForSignalOperation(name, options) as Operation<unknown> as Operation<T>;
}

/** Options of {@linkcode Signal}. */
export interface SignalOptions extends TimeoutOptions {
  /** Wait until so many wait for it, then wake exactly those. Default: all who wait now. */
  readonly recipients?: number;
}

/** Wakes all who wait now. */
class WakeAllOperation extends ImmediateOperation<number> {
  override readonly priority: Priority | undefined;
  readonly #signal: unknown;
  readonly #value: unknown;

  constructor(signal: unknown, value: unknown, { priority, timeout }: TimeoutOptions) {
    super();
    checkPriority(priority);
    checkTimeout(timeout);
    this.#signal = signal;
    this.#value = value;
    this.priority = priority;
  }

  get name(): string {
    return `Signal(${label(this.#signal)})`;
  }

  attempt({ scheduler }: Task<unknown>): number {
    return SignalBoard.of(scheduler).wakeAll(this.#signal, this.#value);
  }
}

/** Waits for so many recipients. */
class SignalOperation extends TimedOperation<number> {
  readonly #signal: unknown;
  readonly #value: unknown;
  readonly #recipients: number;

  constructor(signal: unknown, value: unknown, recipients: number, options: SignalOptions) {
    super(options);
    this.#signal = signal;
    this.#value = value;
    this.#recipients = recipients;
    if (!Number.isInteger(recipients) || recipients < 0) {
      throw new RangeError(
        `Cannot signal ${recipients} recipients: expected a whole number, 0 or more`,
      );
    }
  }

  get name(): string {
    return `Signal(${label(this.#signal)})`;
  }

  protected begin(resume: Resume<number>): Abort | void {
    const pending = { resume, value: this.#value, recipients: this.#recipients };
    return SignalBoard.of(resume.scheduler).post(this.#signal, pending);
  }
}

/**
 * Wakes those who wait for `name` in the same scheduler.
 *
 * Without `recipients` it wakes all who wait now, be it none. With it, it waits until so many wait,
 * and wakes those who have waited longest; several such signals of one name are served in order.
 *
 * @param name Any value; it is compared as a `Map` key.
 * @param value What the waiters are given.
 * @param options `recipients`, `timeout`.
 * @returns An operation that gives how many were woken.
 * @throws {RangeError} If `recipients` is not a whole number, 0 or more.
 * @throws {OperationTimeout} Where it is waited for, when the time is out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, Signal } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const task = new Scheduler({ clock }).add(function* () {
 *   return yield* Signal("nobody listens");
 * });
 * clock.advance(0);
 * assertEquals(task.result, 0);
 * ```
 */
export function Signal(
  name: unknown,
  value?: unknown,
  options: SignalOptions = {},
): Operation<number> {
  const { recipients = 0 } = options;
  if (recipients !== 0) return new SignalOperation(name, value, recipients, options);
  return new WakeAllOperation(name, value, options);
}

function label(name: unknown): string {
  return typeof name === "string" ? JSON.stringify(name) : String(name);
}
