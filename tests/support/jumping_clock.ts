/**
 * A clock that jumps to its next timer as soon as the runtime has polled and nothing is deferred. A network in
 * memory on this clock waits for no real time, whatever the delays of its test are.
 *
 * @module
 */

import type { Clock } from "../../src/coroutine/mod.ts";

/** The polls of the runtime without a turn, in which promises settle, before the clock jumps. */
const QUIET_POLLS = 2;
/** The time that the turns of one poll take, so that timers run for a program that is busy with turns. */
const BUSY_MS = 0.05;

/** A clock for adapters and for waits. */
export class JumpingClock implements Clock {
  #now = 0;
  #deferred: (() => void)[] = [];
  readonly #timers = new Set<{ readonly at: number; readonly turn: () => void }>();
  #isPolling = false;
  #quietPolls = 0;

  now(): number {
    return this.#now;
  }

  defer(turn: () => void): void {
    this.#deferred.push(turn);
    this.#poll();
  }

  setTimer(delay: number, turn: () => void): () => void {
    if (delay === Infinity) return () => {};
    const timer = { at: this.#now + delay, turn };
    this.#timers.add(timer);
    this.#poll();
    return () => void this.#timers.delete(timer);
  }

  #poll(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    setImmediate(() => {
      this.#isPolling = false;
      this.#turn();
      if (this.#deferred.length > 0 || this.#timers.size > 0) this.#poll();
    });
  }

  #turn(): void {
    if (this.#deferred.length === 0 && ++this.#quietPolls < QUIET_POLLS) return;
    this.#quietPolls = 0;
    const turns = this.#deferred.splice(0);
    for (const turn of turns) turn();
    let next = Infinity;
    for (const { at } of this.#timers) next = Math.min(next, at);
    if (turns.length > 0) this.#now += BUSY_MS;
    else if (next < Infinity) this.#now = Math.max(this.#now, next);
    if (next <= this.#now) this.#runTimers();
  }

  #runTimers(): void {
    const due = [...this.#timers].filter(({ at }) => at <= this.#now);
    for (const timer of due.sort((one, other) => one.at - other.at)) {
      // An earlier timer of this moment may have cancelled it.
      if (this.#timers.delete(timer)) timer.turn();
    }
  }
}
