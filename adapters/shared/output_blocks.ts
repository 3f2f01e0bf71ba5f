/**
 * The pool behind the output queues of Deno and Bun, whose sockets buffer nothing themselves.
 *
 * Called by `deno/socket.ts` and `bun/socket.ts`.
 *
 * @module
 */

import { BLOCK_SIZE, BlockPool } from "../../src/socket/mod.ts";

/** The number of free blocks that are kept: 4 MB of them. */
const MAX_FREE_BLOCKS = 512;

/** The blocks of every connection in this process. */
export const outputBlocks: BlockPool = new BlockPool(BLOCK_SIZE, MAX_FREE_BLOCKS);
