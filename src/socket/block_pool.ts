/**
 * Byte arrays of one size that are used again.
 *
 * The reason: a buffer that lives for a turn or two is promoted to the old generation before it is
 * dropped, and makes major garbage collections more frequent. So queues of waiting bytes take their
 * blocks from a pool. The trap: a block may only be given back when no socket reads from it any more.
 *
 * {@linkcode OutputQueue} and the queue of request bodies in the wsgi layer call this.
 *
 * @module
 */

import { checkCount } from "./argument_checks.ts";

/**
 * A bounded store of free blocks of one size.
 *
 * @example
 * ```ts
 * import { assertEquals, assertStrictEquals } from "@std/assert";
 * import { BlockPool } from "@x/cogen-wsgi/socket";
 *
 * const pool = new BlockPool(8192, 512);
 * const block = pool.take();
 * assertEquals(block.length, 8192);
 * pool.give(block);
 * assertStrictEquals(pool.take(), block);
 * ```
 */
export class BlockPool {
  readonly #blockBytes: number;
  readonly #maxFree: number;
  readonly #free: Uint8Array[] = [];

  /**
   * Makes an empty pool.
   *
   * @param blockBytes The size of each block in bytes.
   * @param maxFree The number of free blocks that are kept; further ones are dropped.
   * @throws {TypeError} If one of them is no number.
   * @throws {RangeError} If one of them is no whole number in its range.
   */
  constructor(blockBytes: number, maxFree: number) {
    checkCount("blockBytes of BlockPool", blockBytes, 1);
    checkCount("maxFree of BlockPool", maxFree);
    this.#blockBytes = blockBytes;
    this.#maxFree = maxFree;
  }

  /**
   * Takes a block out of the pool.
   *
   * @returns A free block, or a new one. Its content is undefined.
   */
  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(this.#blockBytes);
  }

  /**
   * Gives a block back.
   *
   * @param block A block of this pool that no other code uses any more.
   */
  give(block: Uint8Array): void {
    if (this.#free.length < this.#maxFree) this.#free.push(block);
  }
}
