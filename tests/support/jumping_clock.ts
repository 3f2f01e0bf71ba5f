/**
 * A clock that jumps to its next timer as soon as the runtime has polled and nothing is deferred. A network in
 * memory on this clock waits for no real time, whatever the delays of its test are.
 *
 * @module
 */

import { ManualClock } from "../../src/coroutine/mod.ts";

/** The polls of the runtime without a turn, in which promises settle, before the clock jumps. */
const QUIET_POLLS = 2;
/** The time that the turns of one poll take, so that timers run for a program that is busy with turns. */
const BUSY_MS = 0.05;

/** A clock for adapters and for waits. */
export class JumpingClock extends ManualClock {
  /** The turns, apart from those of a `ManualClock`: a program that is busy with them must not hold timers up. */
  #turns: (() => void)[] = [];
  #isPolling = false;
  #quietPolls = 0;

  override defer(turn: () => void): void {
    this.#turns.push(turn);
    this.#poll();
  }

  override setTimer(delay: number, turn: () => void): () => void {
    const cancel = super.setTimer(delay, turn);
    this.#poll();
    return cancel;
  }

  #poll(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    setImmediate(() => {
      this.#isPolling = false;
      this.#round();
      if (this.#turns.length > 0 || this.timers > 0) this.#poll();
    });
  }

  #round(): void {
    const turns = this.#turns.splice(0);
    if (turns.length === 0 && ++this.#quietPolls < QUIET_POLLS) return;
    this.#quietPolls = 0;
    for (const turn of turns) turn();
    if (turns.length > 0) this.moveTo(this.now() + BUSY_MS);
    else if (this.timers > 0) this.moveTo(this.nextTimer);
    this.turn();
  }
}
