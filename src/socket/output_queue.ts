/**
 * The bytes that a handler has written and the kernel has not yet taken, for runtimes without a write
 * buffer of their own.
 *
 * Small writes are copied into blocks, so that a flood of them costs few system calls and little
 * memory; large byte arrays are kept by reference. The blocks come from a pool, and an empty queue
 * holds none, so that ten thousand idle connections need no blocks.
 *
 * The sockets of the Deno and Bun adapters call this.
 *
 * @module
 */

import { checkFunction, checkMembers } from "../coroutine/internal.ts";
import type { BlockPool } from "./block_pool.ts";
import { checkBytes } from "./argument_checks.ts";

/**
 * The size of a block in bytes. A thousand clients answered in one turn take a thousand blocks, so a
 * block is no larger than a small response.
 */
export const BLOCK_SIZE: number = 8 * 1024;

/**
 * A byte array up to this length is copied into a block, where the bytes that follow it have room. A longer one is
 * kept by reference, and so is one that comes first: it is often sent before anything follows. So one array that
 * goes to a thousand sockets takes no block of each.
 */
const MAX_COPIED_BYTES = 2 * 1024;

/**
 * Writes the latin-1 bytes of a text into an array that has room for them.
 *
 * @param text Characters up to U+00FF.
 * @param target The array to write into.
 * @param at The index of the first byte in `target`.
 */
export type Latin1Writer = (text: string, target: Uint8Array, at: number) => void;

/** The bytes from `start` to `end` of an array, still to be sent. */
interface Piece {
  readonly bytes: Uint8Array;
  /** Whether `bytes` is a block of the pool: then further bytes may be appended to it. */
  readonly pooled: boolean;
  start: number;
  end: number;
  next: Piece | undefined;
}

/**
 * A first-in, first-out queue of bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BLOCK_SIZE, BlockPool, OutputQueue } from "@x/cogen-wsgi/socket";
 *
 * const queue = new OutputQueue(new BlockPool(BLOCK_SIZE, 512), (text, target, at) => {
 *   for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i);
 * });
 * queue.push("HTTP/1.1 ");
 * queue.push("200 OK\r\n");
 * assertEquals([queue.size, queue.head().length], [17, 17]);
 * queue.advance(9); // The kernel took nine bytes.
 * assertEquals(new TextDecoder().decode(queue.head()), "200 OK\r\n");
 * ```
 */
export class OutputQueue {
  readonly #pool: BlockPool;
  readonly #writeLatin1: Latin1Writer;
  // A list of links: an array that is filled and emptied for each response would allocate each time.
  #first: Piece | undefined;
  #last: Piece | undefined;
  #size = 0;

  /**
   * Makes an empty queue.
   *
   * @param pool The source of blocks of {@linkcode BLOCK_SIZE} bytes.
   * @param writeLatin1 The runtime's fastest way to encode a string.
   * @throws {TypeError} If one of them is missing or of another kind.
   */
  constructor(pool: BlockPool, writeLatin1: Latin1Writer) {
    checkMembers("pool of OutputQueue", pool, ["take", "give"], "a BlockPool");
    checkFunction("writeLatin1 of OutputQueue", writeLatin1, "a function, such as encodeLatin1");
    this.#pool = pool;
    this.#writeLatin1 = writeLatin1;
  }

  /** The number of bytes in the queue. */
  get size(): number {
    return this.#size;
  }

  /**
   * Appends bytes to the queue.
   *
   * @param data Bytes, or a string of characters up to U+00FF. The queue may keep a reference to the array, which
   *   must not change before its bytes are taken.
   * @throws {TypeError} For data of another kind.
   */
  push(data: Uint8Array | string): void {
    if (typeof data !== "string") checkBytes("data of OutputQueue.push", data);
    if (data.length === 0) return;
    const isFirst = this.#size === 0;
    this.#size += data.length;
    if (typeof data === "string") {
      const piece = this.#room(data.length);
      this.#writeLatin1(data, piece.bytes, piece.end);
      piece.end += data.length;
    } else if (isFirst || data.length > MAX_COPIED_BYTES) {
      this.#append(data, false).end = data.length;
    } else {
      const piece = this.#room(data.length);
      piece.bytes.set(data, piece.end);
      piece.end += data.length;
    }
  }

  /**
   * Reads the first bytes without removing them.
   *
   * @returns A view that stays valid until {@linkcode advance}; empty if nothing waits.
   */
  head(): Uint8Array {
    const piece = this.#first;
    return piece === undefined ? new Uint8Array(0) : piece.bytes.subarray(piece.start, piece.end);
  }

  /**
   * Removes bytes from the beginning of the queue.
   *
   * @param count The number of bytes of {@linkcode head} that the kernel took.
   * @throws {RangeError} For more bytes than those of `head`.
   */
  advance(count: number): void {
    const piece = this.#first;
    if (piece === undefined) return;
    const most = piece.end - piece.start;
    if (!(count >= 0 && count <= most)) {
      throw new RangeError(
        `Cannot advance by ${count} bytes: expected 0 to ${most}, as head() gives`,
      );
    }
    this.#size -= count;
    piece.start += count;
    if (piece.start < piece.end) return;
    this.#first = piece.next;
    if (piece.next === undefined) this.#last = undefined;
    piece.next = undefined; // an old piece would keep younger ones from the collection of young objects
    if (piece.pooled) this.#pool.give(piece.bytes);
  }

  /** Drops all bytes. The blocks do not return to the pool: a runtime may still read from them. */
  clear(): void {
    this.#first = this.#last = undefined;
    this.#size = 0;
  }

  /** Finds or appends a last piece with `count` free bytes: a block, if the bytes fit into one. */
  #room(count: number): Piece {
    const last = this.#last;
    if (last?.pooled && BLOCK_SIZE - last.end >= count) return last;
    const pooled = count <= BLOCK_SIZE;
    return this.#append(pooled ? this.#pool.take() : new Uint8Array(count), pooled);
  }

  /** Appends a piece without bytes. */
  #append(bytes: Uint8Array, pooled: boolean): Piece {
    const piece: Piece = { bytes, pooled, start: 0, end: 0, next: undefined };
    if (this.#last === undefined) this.#first = piece;
    else this.#last.next = piece;
    return this.#last = piece;
  }
}
