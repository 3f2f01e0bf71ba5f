/**
 * The pool of blocks for the output queues of Deno and Bun, whose sockets buffer no bytes
 * themselves.
 *
 * `deno/socket.ts` and `bun/socket.ts` use it.
 *
 * @module
 */

import { BLOCK_SIZE, BlockPool } from "../../src/socket/mod.ts";

/** The number of free blocks that are kept, 4 MB in all. */
const MAX_FREE_BLOCKS = 512;

/** The blocks of every connection in this process. */
export const outputBlocks: BlockPool = new BlockPool(BLOCK_SIZE, MAX_FREE_BLOCKS);
