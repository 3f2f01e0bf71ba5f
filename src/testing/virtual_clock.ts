/**
 * A clock that stands still between its turns, and that can be moved while turns are still due.
 *
 * A `ManualClock` runs turns until none is due, which never ends for an app that polls. This clock
 * runs one round at a time instead, so that its driver stays in control.
 *
 * `virtual_time.ts` calls this.
 *
 * @module
 */

import type { Clock } from "../coroutine/mod.ts";

interface Timer {
  readonly at: number;
  readonly turn: () => void;
}

/** A clock that its driver moves. Times are milliseconds. */
export class VirtualClock implements Clock {
  #now = 0;
  #deferred: (() => void)[] = [];
  readonly #timers = new Set<Timer>();
  /** The earliest time of all timers, or a time before it; `Infinity` if there is none. */
  #earliest = Infinity;
  readonly #log: (line: string) => void;

  /**
   * Makes a clock at time 0.
   *
   * @param log Takes the entries of the error log.
   */
  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  now(): number {
    return this.#now;
  }

  defer(turn: () => void): void {
    this.#deferred.push(turn);
  }

  setTimer(delay: number, turn: () => void): () => void {
    const timer = { at: this.#now + delay, turn };
    if (timer.at === Infinity) return () => {};
    this.#timers.add(timer);
    this.#earliest = Math.min(this.#earliest, timer.at);
    return () => void this.#timers.delete(timer);
  }

  log(line: string): void {
    this.#log(line);
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
   * Runs one round: the deferred turns of this moment and the timers that are due.
   *
   * @returns Whether there were any.
   */
  turn(): boolean {
    const turns = this.#deferred;
    if (turns.length > 0) {
      this.#deferred = [];
      for (const turn of turns) turn();
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
   * Moves the time. The timers on the way become due; {@linkcode turn} runs them.
   *
   * @param time The new time; an earlier time than now changes nothing.
   */
  moveTo(time: number): void {
    this.#now = Math.max(this.#now, time);
  }
}
