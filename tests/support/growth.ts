/**
 * The growth of a program's time with the size of its input.
 *
 * Strategy: sixteen runs with a small input take as long as one run with an input of sixteen times the size, if
 * the time is linear. Both are measured in turn, and the shortest times count: a machine that is busy only makes
 * times longer. A measurement ends as soon as the growth is small enough, so that only a program whose time grows
 * faster is measured to the end, whatever the speed of the machine.
 *
 * The trap: a large input leaves the caches of the processor, and its objects outlive a collection of garbage.
 * So the time of a linear program may have a step at some size, as that of `JSON.parse` for many brackets has.
 * The smallest growth of two ranges of sizes counts: a quadratic time is in both ranges.
 *
 * @module
 */

/** The ratio of the sizes of a range. */
const RATIO = 16;
/** The small sizes of the ranges. The second range is measured if the first growth is not small enough. */
const SMALL = [500, 2000];
/** The rounds after which the growth counts, if it is not small enough before. */
const MAX_ROUNDS = 40;
/** A growth is small enough when it was so in this many rounds: a small input may have waited for the processor. */
const ENOUGH_ROUNDS = 2;

/**
 * Measures the exponent of the growth: 1 for a time in proportion to the size, 2 for one in proportion to its
 * square.
 *
 * @param run The program.
 * @param inputOf Makes an input of about this size.
 * @param enough The exponent at which the measurement ends.
 * @param now Reads the clock, in milliseconds.
 * @returns The smallest exponent that was found.
 */
export function growthOf<T>(
  run: (input: T) => unknown,
  inputOf: (size: number) => T,
  enough: number,
  now: () => number = () => performance.now(),
): number {
  let least = Infinity;
  for (const size of SMALL) {
    const range = new Range(run, inputOf(size), inputOf(RATIO * size), now);
    least = Math.min(least, range.exponent(enough));
    if (least <= enough) break;
  }
  return least;
}

/** A time below the resolution of the clock counts as the resolution. */
const LEAST_MS = 0.02;

/** Two inputs, and the shortest times for them. */
class Range<T> {
  readonly #run: (input: T) => unknown;
  readonly #small: T;
  readonly #large: T;
  readonly #now: () => number;
  #smallMs = Infinity;
  #largeMs = Infinity;

  constructor(run: (input: T) => unknown, small: T, large: T, now: () => number) {
    this.#run = run;
    this.#small = small;
    this.#large = large;
    this.#now = now;
  }

  /** Measures until the exponent is small enough. */
  exponent(enough: number): number {
    let exponent = Infinity;
    for (let round = 0, enoughRounds = 0; round < MAX_ROUNDS; round++) {
      exponent = this.#measure();
      if (exponent <= enough && ++enoughRounds === ENOUGH_ROUNDS) break;
    }
    return exponent;
  }

  /** Measures both times once more, and gives the exponent of the shortest ones. */
  #measure(): number {
    this.#smallMs = Math.min(this.#smallMs, this.#timeOf(this.#small, RATIO));
    this.#largeMs = Math.min(this.#largeMs, this.#timeOf(this.#large, 1));
    const growth = Math.max(this.#largeMs, LEAST_MS) / Math.max(this.#smallMs, LEAST_MS);
    return Math.log(RATIO * growth) / Math.log(RATIO);
  }

  #timeOf(input: T, count: number): number {
    const began = this.#now();
    for (let left = count; left > 0; left--) this.#run(input);
    return this.#now() - began;
  }
}
