/**
 * A clock that moves only when it is told to. Tests use it, and a scheduler inside another loop
 * can.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { optionError } from "./option_checks.ts";

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
  /** The earliest time of all timers, or a time before it; `Infinity` if there is none. */
  #earliest = Infinity;

  /** The entries of the error log, as {@linkcode Clock.log} got them. */
  readonly logged: string[] = [];

  /** The time, from 0: {@linkcode advance} and {@linkcode moveTo} change it. */
  now(): number {
    return this.#now;
  }

  /** Keeps `turn` for the next {@linkcode turn} or {@linkcode advance}. */
  defer(turn: () => void): void {
    checkTurn("defer", turn);
    this.#deferred.push(turn);
  }

  /** Keeps `turn` for the {@linkcode advance} that reaches it. With an infinite delay, it never runs. */
  setTimer(delay: number, turn: () => void): () => void {
    checkTurn("setTimer", turn);
    checkTime("The delay of setTimer", delay);
    const timer = { at: this.#now + delay, turn };
    if (timer.at === Infinity) return () => {};
    this.#timers.add(timer);
    this.#earliest = Math.min(this.#earliest, timer.at);
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

  /** The number of timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** The time of the earliest timer; `Infinity` if there is none. */
  get nextTimer(): number {
    let earliest = Infinity;
    for (const { at } of this.#timers) if (at < earliest) earliest = at;
    return this.#earliest = earliest;
  }

  /**
   * Runs one round at the present time: the turns that were deferred before this call; if there are none, the
   * timers that are due. A loop of rounds stays in control of an app that polls, which `advance` does not.
   *
   * @returns Whether there were any.
   */
  turn(): boolean {
    if (this.#deferred.length > 0) {
      this.#runDeferred();
      return true;
    }
    if (this.#earliest > this.#now || this.nextTimer > this.#now) return false;
    const due = [...this.#timers].filter(({ at }) => at <= this.#now);
    for (const timer of due.sort((one, other) => one.at - other.at)) {
      // An earlier timer of this round may have cancelled it.
      if (this.#timers.delete(timer)) timer.turn();
    }
    return true;
  }

  /**
   * Moves time forward, and runs nothing. The timers on the way become due; {@linkcode turn} runs them.
   *
   * @param time The new time in milliseconds; an earlier time than now changes nothing.
   */
  moveTo(time: number): void {
    checkTime("The time of moveTo", time);
    this.#now = Math.max(this.#now, time);
  }

  /**
   * Moves time forward, running every turn and every timer on the way in order of time.
   *
   * @param milliseconds The distance; 0 runs only turns that are deferred and timers that are due.
   */
  advance(milliseconds: number): void {
    checkTime("The distance of advance", milliseconds);
    const end = this.#now + milliseconds;
    this.#settle();
    for (let timer = this.#first(end); timer !== undefined; timer = this.#first(end)) {
      this.#timers.delete(timer);
      this.moveTo(timer.at);
      timer.turn();
      this.#settle();
    }
    this.#now = end;
  }

  #runDeferred(): void {
    const turns = this.#deferred;
    this.#deferred = [];
    for (const turn of turns) turn();
  }

  #settle(): void {
    while (this.#deferred.length > 0) this.#runDeferred();
  }

  /** The timer that is due first, up to a time. */
  #first(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }
}

/** Another value would make the time of the clock `NaN` or a text, and no timer would ever be due. */
function checkTime(name: string, time: unknown): void {
  if (typeof time === "number" && !Number.isNaN(time)) return;
  throw optionError(name, time, "a number of milliseconds");
}

function checkTurn(of: string, turn: unknown): void {
  if (typeof turn !== "function") throw optionError(`The turn of ${of}`, turn, "a function");
}
