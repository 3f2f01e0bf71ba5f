/**
 * The waits of the checks: for a condition, for a promise, or for an event that must not come.
 *
 * A wait is bounded by turns of a timer, not by a clock: on a busy machine, the process of the adapter waits
 * as long for the processor as this one. The clock is not that of the adapter, which is under test.
 *
 * @module
 */

import { type Clock, showValue } from "../../coroutine/mod.ts";
import { WrongCall } from "./expectations.ts";

/** The time between two looks at a condition, in milliseconds. */
const STEP_MS = 1;
/** The looks at a condition before a wait fails. Each takes a millisecond or more. */
const MAX_LOOKS = 6000;
/** The same for a check that is expected to fail. */
const MAX_GAP_LOOKS = 1000;
/** The same once several waits have failed, so that an adapter with a fault is checked within a minute. */
const MAX_LATER_LOOKS = 1000;
const MANY_FAILURES = 3;
/** The same for a wait that has failed in an earlier check. */
const MAX_REPEATED_LOOKS = 200;
/** The time in which a forbidden event would come, in milliseconds. */
const SETTLED_MS = 40;

/**
 * The looks in which a peer that has left must be noticed. An idle machine notices it in 100 ms; the rest is
 * reserve.
 */
export const SOON = 1500;

/** The waits of one check. */
export class Patience {
  readonly #clock: Clock;
  readonly #maxLooks: number;
  readonly #missed: Set<string>;
  /** True once the check has failed. */
  protected isOver = false;

  /**
   * Makes the waits of one check.
   *
   * @param clock A clock with real timers.
   * @param isGap Whether the check is expected to fail.
   * @param missed What earlier checks have awaited in vain. A check that is not expected to fail adds to it.
   */
  constructor(clock: Clock, isGap: boolean, missed: Set<string>) {
    this.#clock = clock;
    this.#maxLooks = isGap ? MAX_GAP_LOOKS : MAX_LOOKS;
    this.#missed = isGap ? new Set() : missed;
  }

  /** The time in milliseconds. */
  now(): number {
    return this.#clock.now();
  }

  /**
   * Waits until a condition holds.
   *
   * @param awaited Completes "it did not come to".
   * @param condition The condition.
   * @param looks How often the condition is looked at.
   * @throws Rejects with a {@linkcode WrongCall} that names `awaited`, if the condition does not hold in time.
   */
  async until(
    awaited: string,
    condition: () => boolean,
    looks: number = this.#maxLooks,
  ): Promise<void> {
    for (let left = Math.min(looks, this.#looksFor(awaited)); !condition(); left--) {
      if (left === 0) {
        this.#missed.add(awaited);
        throw new WrongCall(`It did not come to ${awaited}`);
      }
      await this.delay(STEP_MS);
    }
  }

  #looksFor(awaited: string): number {
    if (this.#missed.has(awaited)) return MAX_REPEATED_LOOKS;
    return this.#missed.size < MANY_FAILURES
      ? this.#maxLooks
      : Math.min(this.#maxLooks, MAX_LATER_LOOKS);
  }

  /**
   * Waits for the promise that a method returns.
   *
   * @param awaited The end of the method, such as `the end of close()`.
   * @param call Calls the method.
   * @param resolved Called as soon as the promise resolves, also after this wait.
   * @returns The result of the promise.
   * @throws Rejects with the reason of the promise, and with a {@linkcode WrongCall} if there is none or if it does
   *   not settle in time.
   */
  async settlement<T>(
    awaited: string,
    call: () => PromiseLike<T> | undefined,
    resolved: (result: T) => void = () => {},
  ): Promise<T> {
    const promise = promiseOf(awaited, call);
    let settled = false;
    const settle = () => void (settled = true);
    promise.then((result) => (resolved(result), settle()), settle);
    await this.until(awaited, () => settled);
    return await promise;
  }

  /** Waits as long as a forbidden event would take to come. */
  settled(): Promise<void> {
    return this.delay(SETTLED_MS);
  }

  /** Waits for some milliseconds. */
  delay(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(milliseconds, resolve));
  }

  /** Calls a function after some milliseconds, unless the check has ended by a failure. */
  later(milliseconds: number, act: () => void): void {
    this.#clock.setTimer(milliseconds, () => this.isOver || act());
  }
}

function promiseOf<T>(awaited: string, call: () => PromiseLike<T> | undefined): PromiseLike<T> {
  let result: PromiseLike<T> | undefined;
  try {
    result = call();
  } catch (error) {
    throw new WrongCall(`It did not come to ${awaited}: the call threw ${showValue(error)}`);
  }
  if (typeof result?.then === "function") return result;
  throw new WrongCall(`It did not come to ${awaited}: the call returned ${showValue(result)}`);
}
