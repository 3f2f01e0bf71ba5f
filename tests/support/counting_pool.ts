/**
 * A pool of blocks that knows where they are.
 *
 * @module
 */

import { assert } from "@std/assert";
import { BlockPool } from "../../src/socket/block_pool.ts";

/** Refuses what is given back twice, or was never taken, and spoils what comes back. */
export class CountingPool extends BlockPool {
  readonly #taken = new Set<Uint8Array>();
  readonly #known = new Set<Uint8Array>();

  /** How many blocks are in use. */
  get taken(): number {
    return this.#taken.size;
  }

  /** How many blocks have ever been made. */
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
