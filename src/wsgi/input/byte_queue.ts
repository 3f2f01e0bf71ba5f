/**
 * Unread bytes of a request body, in memory that is proportional to them.
 *
 * A few bytes are kept in arrays of their own, and so is a long array that the socket has given away. A reader
 * may get such an array without a copy. Other bytes are kept in blocks of a pool, which never leave this file: a
 * reader gets a copy. The reason is garbage collection. An array that waits for its reader is promoted to the old
 * generation, which makes V8 run its major collections more often. Measured on Node 20 and 26: an upload of
 * 1 MB that is read whole takes 1.4 times the CPU with arrays in place of blocks.
 *
 * {@linkcode BodyBuffer} calls this.
 *
 * @module
 */

import { BlockPool } from "../../socket/mod.ts";

/** The size of a block: the most that one read of a socket brings. */
const BLOCK_BYTES = 65_536;
/** Blocks are used once this many bytes are unread; most bodies never need a block. */
const MIN_POOLED_BYTES = BLOCK_BYTES / 4;
/** Pieces smaller than this share an array, so that a body of tiny pieces stays small. */
const MIN_ARRAY_BYTES = 4096;
const EMPTY = new Uint8Array(0);

/** The blocks of all bodies. At most 64 idle blocks are kept: 4 MB. */
const BLOCKS = new BlockPool(BLOCK_BYTES, 64);

/** `own` was made for the queue, `block` goes back to the pool, `lent` is memory of the caller. */
type Origin = "own" | "block" | "lent";

/** The bytes of `bytes` from `start` until `end`. */
interface Piece {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly origin: Origin;
  start: number;
  end: number;
}

/** A first-in, first-out queue of bytes. */
export class ByteQueue {
  readonly #pieces: Piece[] = [];
  readonly #pool: BlockPool;
  #size = 0;
  #taken = 0;

  /** @param pool The pool of blocks of 64 KiB. */
  constructor(pool: BlockPool = BLOCKS) {
    this.#pool = pool;
  }

  /** The number of unread bytes. */
  get size(): number {
    return this.#size;
  }

  /** The number of bytes that readers have taken. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Adds a copy of `bytes`, or `bytes` itself if the array is `owned`, so that no other code uses it, and the array
   * is long or the queue is empty.
   */
  push(bytes: Uint8Array, owned: boolean = false): void {
    this.#size += bytes.length;
    if (owned && (this.#pieces.length === 0 || bytes.length >= MIN_ARRAY_BYTES)) {
      // An array that was made for this queue has an ordinary buffer.
      const own = bytes as Uint8Array<ArrayBuffer>;
      this.#pieces.push({ bytes: own, origin: "own", start: 0, end: bytes.length });
      return;
    }
    for (let done = 0; done < bytes.length;) {
      const piece = this.#room(bytes.length - done);
      const part = bytes.subarray(done, done + piece.bytes.length - piece.end);
      piece.bytes.set(part, piece.end);
      piece.end += part.length;
      done += part.length;
    }
  }

  /** Adds `bytes` without a copy, until {@linkcode keep}: bytes that a read takes at once are copied once. */
  lend(bytes: Uint8Array): void {
    this.#size += bytes.length;
    // No reader gets this array, only copies of its bytes.
    const lent = bytes as Uint8Array<ArrayBuffer>;
    this.#pieces.push({ bytes: lent, origin: "lent", start: 0, end: bytes.length });
  }

  /** Copies the rest of the bytes that were lent. */
  keep(): void {
    const last = this.#pieces[this.#pieces.length - 1];
    if (last?.origin !== "lent") return;
    this.#pieces.pop();
    this.#size -= last.end - last.start;
    this.push(last.bytes.subarray(last.start, last.end));
  }

  /** Takes `wanted` bytes, or all if they are fewer. */
  take(wanted: number): Uint8Array<ArrayBuffer> {
    const size = Math.min(wanted, this.#size);
    const first = this.#pieces[0];
    if (first === undefined || size === 0) return EMPTY;
    this.#size -= size;
    this.#taken += size;
    if (first.end - first.start < size) return this.#copyOut(size);
    if (first.origin === "own") return this.#handOver(first, size);
    return first.origin === "block" && size < MIN_ARRAY_BYTES
      ? this.#handOver(this.#loosen(first), size)
      : this.#copyOut(size);
  }

  /** The index of the first byte equal to `byte` at or after `from`, or -1. */
  indexOf(byte: number, from: number): number {
    let passed = 0;
    for (const { bytes, start, end } of this.#pieces) {
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

  /** Drops all bytes. */
  clear(): void {
    if (this.#pieces.length === 0) return;
    for (const piece of this.#pieces.splice(0)) this.#release(piece);
    this.#size = 0;
  }

  /** The last piece if it has room, or a new one, for `count` bytes or a part of them. */
  #room(count: number): Piece {
    const last = this.#pieces[this.#pieces.length - 1];
    if (last !== undefined && last.end < last.bytes.length) return last;
    const piece = this.#newPiece(count, last === undefined);
    this.#pieces.push(piece);
    return piece;
  }

  #newPiece(count: number, first: boolean): Piece {
    if (this.#size >= MIN_POOLED_BYTES) {
      const bytes = this.#pool.take() as Uint8Array<ArrayBuffer>;
      return { bytes, origin: "block", start: 0, end: 0 };
    }
    // A body that arrives in one piece needs no spare room; after a second piece, more pieces often
    // follow.
    const bytes = new Uint8Array(first ? count : Math.max(count, MIN_ARRAY_BYTES));
    return { bytes, origin: "own", start: 0, end: 0 };
  }

  /** Gives bytes of the first piece, which is no pooled block, to the reader without a copy. */
  #handOver(piece: Piece, size: number): Uint8Array<ArrayBuffer> {
    const { bytes, start } = piece;
    piece.start += size;
    if (piece.start === piece.end) this.#pieces.shift();
    return size === bytes.length ? bytes : bytes.subarray(start, start + size);
  }

  /**
   * Copies the beginning of the first piece out of its block. Small reads, such as lines, then take
   * parts of this copy: an array for each small read would cost much more, most of all on Deno.
   */
  #loosen(piece: Piece): Piece {
    const bytes = piece.bytes.slice(
      piece.start,
      Math.min(piece.end, piece.start + MIN_POOLED_BYTES),
    );
    const loose: Piece = { bytes, origin: "own", start: 0, end: bytes.length };
    piece.start += bytes.length;
    if (piece.start < piece.end) this.#pieces.unshift(loose);
    else {
      this.#release(piece);
      this.#pieces[0] = loose;
    }
    return loose;
  }

  #copyOut(size: number): Uint8Array<ArrayBuffer> {
    const result = new Uint8Array(size);
    let copied = 0;
    let used = 0;
    while (copied < size) {
      const piece = this.#pieces[used] as Piece;
      const part = piece.bytes.subarray(
        piece.start,
        Math.min(piece.end, piece.start + size - copied),
      );
      result.set(part, copied);
      copied += part.length;
      piece.start += part.length;
      if (piece.start < piece.end) break;
      this.#release(piece);
      used++;
    }
    this.#pieces.splice(0, used);
    return result;
  }

  #release(piece: Piece): void {
    if (piece.origin === "block") this.#pool.give(piece.bytes);
  }
}
