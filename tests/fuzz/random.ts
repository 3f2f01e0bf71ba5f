/**
 * Repeatable random numbers: the generator `sfc32`, whose numbers depend on its seed alone.
 */

/** A stream of random numbers. */
export class Random {
  #a = 0;
  #b: number;
  #c = 0x9e3779b9;
  #counter = 1;

  constructor(seed: number) {
    this.#b = seed | 0;
    // The first numbers of neighbouring seeds are similar, so they are dropped.
    for (let index = 0; index < 12; index++) this.#next();
  }

  /** A whole number from 0 to `limit - 1`; 0 if `limit` is 0. */
  below(limit: number): number {
    return limit <= 1 ? 0 : (this.#next() >>> 0) % limit;
  }

  /** True once in `times`. */
  onceIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of `items`, of which there must be at least one. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum;
  }
}
