/**
 * A clock that moves only when it is told to. Tests use it, and a scheduler inside another loop
 * can.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

interface Timer {
  readonly at: number;
  readonly turn: () => void;
}

/**
 * A {@linkcode Clock} that {@linkcode ManualClock.advance} moves. Times are milliseconds.
 *
 * @example A second of sleep takes no time
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock, Scheduler, Sleep } from "@x/cogen-wsgi/coroutine";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler({ clock });
 * const task = scheduler.add(function* () {
 *   yield* Sleep(1);
 *   return clock.now();
 * });
 * clock.advance(1000);
 * assertEquals(task.result, 1000);
 * ```
 */
export class ManualClock implements Clock {
  #now = 0;
  #deferred: (() => void)[] = [];
  readonly #timers = new Set<Timer>();

  /** The entries of the error log, as {@linkcode Clock.log} got them. */
  readonly logged: string[] = [];

  /** The time: the sum of all calls of {@linkcode advance}. */
  now(): number {
    return this.#now;
  }

  /** Keeps `turn` for the next {@linkcode turn} or {@linkcode advance}. */
  defer(turn: () => void): void {
    this.#deferred.push(turn);
  }

  /** Keeps `turn` for the {@linkcode advance} that reaches it. */
  setTimer(delay: number, turn: () => void): () => void {
    const timer = { at: this.#now + delay, turn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Keeps an entry of the error log in {@linkcode logged}. */
  log(line: string): void {
    this.logged.push(line);
  }

  /** Whether nothing is deferred and no timer is set. */
  get idle(): boolean {
    return this.#deferred.length === 0 && this.#timers.size === 0;
  }

  /** Runs the turns that were deferred before this call. */
  turn(): void {
    const turns = this.#deferred;
    this.#deferred = [];
    for (const turn of turns) turn();
  }

  /**
   * Moves time forward, running every turn and every timer on the way in order of time.
   *
   * @param milliseconds The distance; 0 runs only turns that are deferred and timers that are due.
   */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    this.#settle();
    for (let timer = this.#earliest(end); timer !== undefined; timer = this.#earliest(end)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.turn();
      this.#settle();
    }
    this.#now = end;
  }

  #settle(): void {
    while (this.#deferred.length > 0) this.turn();
  }

  #earliest(end: number): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (earliest === undefined || timer.at < earliest.at)) earliest = timer;
    }
    return earliest;
  }
}
