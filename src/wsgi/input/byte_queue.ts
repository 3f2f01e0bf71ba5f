/**
 * Bytes that wait to be read, in memory that is proportional to them.
 *
 * A little is kept in arrays of its own, which a reader may get as they are. More is kept in blocks
 * that are used again and never leave this file: a reader gets a copy, made when it asks. An array
 * made to wait is old before its reader drops it, and V8 collects all that is old the sooner: an
 * upload of 1 MB cost Node 26 1,050 us, and 830 so (medians; the least 890 and 540).
 *
 * @module
 */

import { BlockPool } from "../../socket/mod.ts";

/** A block's size in bytes: what one read of a socket brings. */
const BLOCK_SIZE = 64 * 1024;
/** Blocks are taken once so many bytes wait: most bodies never need one. */
const LITTLE = BLOCK_SIZE / 4;
/** Pieces smaller than this share an array, so that a body of tiny pieces stays small. */
const SHARED = 4096;
const EMPTY = new Uint8Array(0);

/** The blocks of all bodies; 4 MB are kept for the next at most. */
const BLOCKS = new BlockPool(BLOCK_SIZE, 64);

/** `own` was made for the queue, `block` goes back to the pool, `lent` is somebody else's. */
type Origin = "own" | "block" | "lent";

/** A stretch of bytes: those of `bytes` from `start` until `end`. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly origin: Origin;
  start: number;
  end: number;
}

/** A first-in, first-out queue of bytes. */
export class ByteQueue {
  readonly #chunks: Chunk[] = [];
  readonly #pool: BlockPool;
  #size = 0;

  /** @param pool Where blocks of 64 KB come from. */
  constructor(pool: BlockPool = BLOCKS) {
    this.#pool = pool;
  }

  /** How many bytes wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds a copy of `bytes`; or, to an empty queue, what was `copied` already. */
  push(bytes: Uint8Array, copied: boolean = false): void {
    this.#size += bytes.length;
    if (copied && this.#chunks.length === 0) {
      this.#chunks.push({ bytes, origin: "own", start: 0, end: bytes.length });
      return;
    }
    for (let done = 0; done < bytes.length;) {
      const chunk = this.#room(bytes.length - done);
      const part = bytes.subarray(done, done + chunk.bytes.length - chunk.end);
      chunk.bytes.set(part, chunk.end);
      chunk.end += part.length;
      done += part.length;
    }
  }

  /** Adds `bytes` themselves, until {@linkcode keep}: what is taken before is copied only once. */
  lend(bytes: Uint8Array): void {
    this.#size += bytes.length;
    this.#chunks.push({ bytes, origin: "lent", start: 0, end: bytes.length });
  }

  /** Copies what is left of the bytes that were lent. */
  keep(): void {
    const last = this.#chunks[this.#chunks.length - 1];
    if (last?.origin !== "lent") return;
    this.#chunks.pop();
    this.#size -= last.end - last.start;
    this.push(last.bytes.subarray(last.start, last.end));
  }

  /** Takes `wanted` bytes, or all if they are fewer. */
  take(wanted: number): Uint8Array {
    const size = Math.min(wanted, this.#size);
    const first = this.#chunks[0];
    if (first === undefined || size === 0) return EMPTY;
    this.#size -= size;
    if (first.end - first.start < size) return this.#copyOut(size);
    if (first.origin === "own") return this.#handOver(first, size);
    return first.origin === "block" && size < SHARED
      ? this.#handOver(this.#loosen(first), size)
      : this.#copyOut(size);
  }

  /** The index of the first such byte that is not before `from`, or -1. */
  indexOf(byte: number, from: number): number {
    let passed = 0;
    for (const { bytes, start, end } of this.#chunks) {
      const length = end - start;
      if (passed + length > from) {
        const skipped = Math.max(0, from - passed);
        const found = bytes.subarray(start + skipped, end).indexOf(byte);
        if (found >= 0) return passed + skipped + found;
      }
      passed += length;
    }
    return -1;
  }

  /** Forgets everything. */
  clear(): void {
    if (this.#chunks.length === 0) return;
    for (const chunk of this.#chunks.splice(0)) this.#release(chunk);
    this.#size = 0;
  }

  /** The chunk at the end, which has room, for `count` bytes or a part of them. */
  #room(count: number): Chunk {
    const last = this.#chunks[this.#chunks.length - 1];
    if (last !== undefined && last.end < last.bytes.length) return last;
    const chunk = this.#newChunk(count, last === undefined);
    this.#chunks.push(chunk);
    return chunk;
  }

  #newChunk(count: number, first: boolean): Chunk {
    if (this.#size >= LITTLE) {
      return { bytes: this.#pool.take(), origin: "block", start: 0, end: 0 };
    }
    // A body that comes in one piece needs no spare room: only a second piece is worth it.
    const bytes = new Uint8Array(first ? count : Math.max(count, SHARED));
    return { bytes, origin: "own", start: 0, end: 0 };
  }

  /** Gives the first bytes of the first chunk, which may leave as they are. */
  #handOver(chunk: Chunk, size: number): Uint8Array {
    const { bytes, start } = chunk;
    chunk.start += size;
    if (chunk.start === chunk.end) this.#chunks.shift();
    return size === bytes.length ? bytes : bytes.subarray(start, start + size);
  }

  /**
   * Copies the beginning of the first chunk out of its block, for all the small parts that will be
   * taken of it: an array for each line of 50 bytes took Deno ten times as long.
   */
  #loosen(chunk: Chunk): Chunk {
    const bytes = chunk.bytes.slice(chunk.start, Math.min(chunk.end, chunk.start + LITTLE));
    const loose: Chunk = { bytes, origin: "own", start: 0, end: bytes.length };
    chunk.start += bytes.length;
    if (chunk.start < chunk.end) this.#chunks.unshift(loose);
    else {
      this.#release(chunk);
      this.#chunks[0] = loose;
    }
    return loose;
  }

  #copyOut(size: number): Uint8Array {
    const result = new Uint8Array(size);
    let copied = 0;
    let used = 0;
    while (copied < size) {
      const chunk = this.#chunks[used] as Chunk;
      const part = chunk.bytes.subarray(
        chunk.start,
        Math.min(chunk.end, chunk.start + size - copied),
      );
      result.set(part, copied);
      copied += part.length;
      chunk.start += part.length;
      if (chunk.start < chunk.end) break;
      this.#release(chunk);
      used++;
    }
    this.#chunks.splice(0, used);
    return result;
  }

  #release(chunk: Chunk): void {
    if (chunk.origin === "block") this.#pool.give(chunk.bytes);
  }
}
