/**
 * This file keeps a run within the promised time: on a slow or busy machine, later rounds are left
 * out.
 *
 * @module
 */

/** Tells whether a run is late. */
export class Pace {
  readonly #budget: number;
  readonly #total: number;
  readonly #now: () => number;
  readonly #begin: number;
  #planned = 0;

  /**
   * @param budget The seconds for the whole run; `Infinity` for no bound.
   * @param total The sum of the weights of all parts.
   * @param now A clock, in seconds.
   */
  constructor(budget: number, total: number, now: () => number = () => performance.now() / 1000) {
    this.#budget = budget;
    this.#total = total;
    this.#now = now;
    this.#begin = now();
  }

  /** Begins a part. Its share of the time is its weight. */
  begin(weight: number): void {
    this.#planned += weight;
  }

  /** Whether the parts begun so far have used up their share. */
  get isLate(): boolean {
    return this.#now() - this.#begin > this.#budget * this.#planned / this.#total;
  }
}
