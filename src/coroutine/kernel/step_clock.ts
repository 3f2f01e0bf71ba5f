/**
 * How long steps take, without a look at the clock after each.
 *
 * A look costs 40 ns on Node and Bun and 110 ns on Deno, and a short step not more than that. So after
 * a while in which all steps were short, only every eighth is looked at; a long one among them goes
 * free, once, but from then on each is looked at again. Sums of short steps decide nothing anyway: the
 * ready queue tells coroutines apart by whole milliseconds.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

/** Of so many steps one is looked at. */
const STRIDE = 8;
/** So many short steps in a row are needed first. */
const SHORT_STEPS = 64;
/** What is short, in milliseconds, also for a whole stride. */
const SHORT = 0.1;

/** The time as of the last look. */
export class StepClock {
  readonly #clock: Clock;
  readonly #mayStride: boolean;
  #now = 0;
  #shortSteps = 0;
  #unseen = 0;

  /** @param quantum In milliseconds: how long a turn may be; a look must not come much later. */
  constructor(clock: Clock, quantum: number) {
    this.#clock = clock;
    this.#mayStride = quantum > SHORT;
  }

  /** The time when it was last looked at. */
  get now(): number {
    return this.#now;
  }

  /** Looks now: a turn begins. */
  look(): number {
    this.#unseen = 0;
    return this.#now = this.#clock.now();
  }

  /** A step has ended. Gives how long it took, or 0 if nobody has looked. */
  stepped(): number {
    if (this.#shortSteps >= SHORT_STEPS && ++this.#unseen < STRIDE) return 0;
    const before = this.#now;
    const took = this.look() - before;
    if (took >= SHORT || !this.#mayStride) {
      const wasUnseen = this.#shortSteps >= SHORT_STEPS;
      this.#shortSteps = 0;
      return wasUnseen ? 0 : took;
    }
    this.#shortSteps++;
    return took;
  }
}
