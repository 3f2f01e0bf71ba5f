/**
 * A pool that counts its blocks. Tests check with it that no block is lost or given back twice.
 *
 * @module
 */

import { assert } from "@std/assert";
import { BlockPool } from "../../src/socket/block_pool.ts";

/**
 * A pool of blocks. It throws an error if a block is given back twice or was never taken, and
 * overwrites each block that is given back.
 */
export class CountingPool extends BlockPool {
  readonly #taken = new Set<Uint8Array>();
  readonly #known = new Set<Uint8Array>();

  /** The number of blocks in use. */
  get taken(): number {
    return this.#taken.size;
  }

  /** The number of blocks made so far. */
  get made(): number {
    return this.#known.size;
  }

  override take(): Uint8Array {
    const block = super.take();
    this.#taken.add(block);
    this.#known.add(block);
    return block;
  }

  override give(block: Uint8Array): void {
    assert(this.#taken.delete(block), "a block that is not in use was given back");
    block.fill(0xee);
    super.give(block);
  }
}
