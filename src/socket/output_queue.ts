/**
 * Bytes that a handler has written and the kernel has not yet taken, for runtimes that buffer
 * nothing themselves.
 *
 * Small writes are gathered in blocks, so that a flood of them costs few system calls and little
 * memory; large byte arrays are kept by reference. Blocks come from a pool that idle connections
 * give back, so ten thousand of them hold none.
 *
 * @module
 */

import type { BlockPool } from "./block_pool.ts";

/**
 * A block's size in bytes. A thousand clients answered in one turn take a thousand blocks, so it is
 * no more than a small response needs.
 */
export const BLOCK_SIZE: number = 8 * 1024;

/** A byte array up to this length is copied into a block; a longer one is kept by reference. */
const COPY_LIMIT = 2 * 1024;

/**
 * Puts a text's latin-1 bytes into `target` at `at`; there is room for them.
 *
 * @param text Characters up to U+00FF.
 * @param target Where the bytes go.
 * @param at The index of the first.
 */
export type Latin1Writer = (text: string, target: Uint8Array, at: number) => void;

/** A stretch of bytes still to send. `pooled` says that more may be appended to it. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly pooled: boolean;
  start: number;
  end: number;
}

/**
 * A first-in, first-out queue of bytes.
 *
 * @example
 * ```ts ignore
 * const queue = new OutputQueue(pool, writeLatin1);
 * queue.push("HTTP/1.1 200 OK\r\n");
 * queue.advance(take(queue.head()));
 * ```
 */
export class OutputQueue {
  readonly #pool: BlockPool;
  readonly #writeLatin1: Latin1Writer;
  readonly #chunks: Chunk[] = [];
  #size = 0;

  /**
   * @param pool Where blocks of {@linkcode BLOCK_SIZE} come from.
   * @param writeLatin1 The runtime's fastest way to encode a string.
   */
  constructor(pool: BlockPool, writeLatin1: Latin1Writer) {
    this.#pool = pool;
    this.#writeLatin1 = writeLatin1;
  }

  /** How many bytes wait. */
  get size(): number {
    return this.#size;
  }

  /** @param data Bytes, or a string of latin-1 characters, to send after all that waits. */
  push(data: Uint8Array | string): void {
    if (data.length === 0) return;
    this.#size += data.length;
    if (typeof data === "string") {
      const chunk = this.#room(data.length);
      this.#writeLatin1(data, chunk.bytes, chunk.end);
      chunk.end += data.length;
    } else if (data.length > COPY_LIMIT) {
      this.#chunks.push({ bytes: data, pooled: false, start: 0, end: data.length });
    } else {
      const chunk = this.#room(data.length);
      chunk.bytes.set(data, chunk.end);
      chunk.end += data.length;
    }
  }

  /** @returns The first bytes to send: a view that stays as it is until {@linkcode advance}. */
  head(): Uint8Array {
    const chunk = this.#chunks[0];
    return chunk === undefined ? new Uint8Array(0) : chunk.bytes.subarray(chunk.start, chunk.end);
  }

  /** @param count How many bytes of {@linkcode head} the kernel took. */
  advance(count: number): void {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return;
    this.#size -= count;
    chunk.start += count;
    if (chunk.start < chunk.end) return;
    this.#chunks.shift();
    if (chunk.pooled) this.#pool.give(chunk.bytes);
  }

  /** Forgets everything. Blocks that a runtime may still be reading are not given back. */
  clear(): void {
    this.#chunks.length = 0;
    this.#size = 0;
  }

  /** A chunk at the end of the queue with `count` free bytes: a block, if they fit in one. */
  #room(count: number): Chunk {
    const last = this.#chunks[this.#chunks.length - 1];
    if (last?.pooled && BLOCK_SIZE - last.end >= count) return last;
    const pooled = count <= BLOCK_SIZE;
    const bytes = pooled ? this.#pool.take() : new Uint8Array(count);
    const chunk = { bytes, pooled, start: 0, end: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }
}
