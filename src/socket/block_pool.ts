/**
 * Memory that is used again, for bytes that wait: left to the garbage collector, what lives for a
 * turn or two has it look through all that is old.
 *
 * @module
 */

/**
 * Free blocks of one size, which those who need one for a while take and give back.
 *
 * @example
 * ```ts ignore
 * const pool = new BlockPool(BLOCK_SIZE, 512);
 * const block = pool.take();
 * pool.give(block);
 * ```
 */
export class BlockPool {
  readonly #size: number;
  readonly #limit: number;
  readonly #free: Uint8Array[] = [];

  /**
   * @param size A block's size in bytes.
   * @param limit How many free blocks are kept.
   */
  constructor(size: number, limit: number) {
    this.#size = size;
    this.#limit = limit;
  }

  /** @returns A block, with anything in it. */
  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(this.#size);
  }

  /** @param block A block that nobody uses any more. */
  give(block: Uint8Array): void {
    if (this.#free.length < this.#limit) this.#free.push(block);
  }
}
