/**
 * Measures how long steps take, with fewer readings of the clock than steps.
 *
 * A reading costs about as much as a short step. So after a run of short steps the clock is read
 * once for eight steps only ("striding"). The first long time ends the striding, and no task is
 * charged for it, as it belongs to several. From then on each step is measured again. The plain
 * form, `const took = clock.now() - before` after each step, is slower and more precise than
 * necessary: the ready queue compares whole milliseconds, so short steps make no difference there.
 *
 * Measured on Node 26, two runs each: a queue hand-over takes 670 ns, and 1,020 to 1,320 ns without
 * striding (`node --import tsx bench/coroutine.ts currentNode`).
 *
 * The kernel calls this.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

/** While striding, the clock is read once for this many steps. */
const STRIDE = 8;
/** Striding begins after this many short steps in a row. */
const SHORT_STEPS = 64;
/** A step shorter than this is short. While striding, a whole stride must be shorter than this. */
const SHORT_MS = 0.1;

/** Measures steps. Holds the time of its last reading of the clock. */
export class StepClock {
  readonly #clock: Clock;
  readonly #mayStride: boolean;
  #now = 0;
  /**
   * The number of short readings in a row. A long reading resets it. The clock strides while it is
   * at least SHORT_STEPS.
   */
  #shortSteps = 0;
  /** The number of steps since the last reading. */
  #unreadSteps = 0;

  /** @param quantumMs The bound of a turn; with a tiny one, each step is measured. */
  constructor(clock: Clock, quantumMs: number) {
    this.#clock = clock;
    this.#mayStride = quantumMs > SHORT_MS;
  }

  /** The time of the last reading, in the clock's milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** Reads the clock. The kernel calls this when a turn begins. */
  look(): number {
    this.#unreadSteps = 0;
    return this.#now = this.#clock.now();
  }

  /**
   * Measures a step that has ended. Returns its length in milliseconds; 0 if the clock was not read
   * for it.
   */
  stepped(): number {
    if (this.#shortSteps >= SHORT_STEPS && ++this.#unreadSteps < STRIDE) return 0;
    const before = this.#now;
    const took = this.look() - before;
    if (took >= SHORT_MS || !this.#mayStride) {
      const wasStriding = this.#shortSteps >= SHORT_STEPS;
      this.#shortSteps = 0;
      return wasStriding ? 0 : took; // the time belongs to several tasks
    }
    this.#shortSteps++;
    return took;
  }
}
