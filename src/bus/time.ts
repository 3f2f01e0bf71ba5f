/**
 * Pauses of a bus: by the clock of its scheduler, so that tests control them.
 *
 * @module
 */

import type { Clock } from "../coroutine/mod.ts";
import { setTimerInParts } from "../coroutine/clock.ts";

/** The shortest and the longest pause between two attempts. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/**
 * The pause before an attempt: twice as long each time, and spread at random, so that many processes do not
 * all come back at the same moment.
 *
 * @param attempt The number of attempts that have failed, from 1.
 */
export function pauseMs(attempt: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return longest * (0.5 + Math.random() / 2);
}

/** The pause of one loop: for a time, or until {@linkcode Wakeup.wake}. */
export class Wakeup {
  readonly #clock: Clock;
  #wake: (() => void) | undefined;
  /** Whether `wake` was called since the last wait; the next wait resets this. */
  #isDue = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the wait that runs, or the next one. */
  wake(): void {
    this.#isDue = true;
    this.#wake?.();
  }

  /** Waits for {@linkcode Wakeup.wake}, at most for `longestMs`. */
  async wait(longestMs: number = Infinity): Promise<void> {
    if (!this.#isDue) {
      await new Promise<void>((resolve) => {
        const cancel = longestMs === Infinity
          ? undefined
          : this.#clock.setTimer(longestMs, resolve);
        const wake = () => {
          cancel?.();
          resolve();
        };
        this.#wake = wake;
      });
      this.#wake = undefined;
    }
    this.#isDue = false;
  }
}

/** Waits for a time. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(ms, resolve));
}

/** Waits for a promise, at most for a time; gives `undefined` then. */
export function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = setTimerInParts(clock, ms, () => resolve(undefined));
    promise.then(resolve, reject).finally(cancel);
  });
}
