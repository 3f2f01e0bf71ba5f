/**
 * The window of unread bytes between a connection and its parser.
 *
 * Strategy: the buffer borrows the socket's array while the parser reads it, and copies only the
 * bytes that are left over when the array must be given back. The storage for left-over bytes grows
 * by doubling, and scanners never search a byte twice. So even a head that arrives one byte at a
 * time takes linear time.
 *
 * Trap: an index into `bytes` is valid only until the next `push` or `detach`. So the scanners
 * count positions from `start`, and `offsetOf` gives the offset of an error in the stream.
 *
 * `request_parser.ts` owns the buffer, and every reader and scanner of this folder reads from it.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { DataEvent } from "../events.ts";
import { describeByte } from "../grammar.ts";

const EMPTY = new Uint8Array(0);
const PLAIN: unknown = Uint8Array.prototype;

/** The least storage for left-over bytes; most heads fit in it. */
const MIN_STORAGE_BYTES = 256;

/**
 * The longest piece of a body that is copied. A longer piece is given as a view. On Bun, making a
 * view of a new array is slower than copying 1 KB. In every runtime, a caller that keeps the bytes
 * needs no copy of its own.
 */
const MAX_COPIED_BYTES = 2048;
/** Bytes keep their whole array alive, instead of a copy, if it is at most this many times as large. */
const MAX_KEPT_RATIO = 2;

/** The unread bytes of one connection. */
export class InputBuffer {
  /**
   * The storage. The unread bytes are `bytes[start, end)`; readers consume them by moving `start`, and
   * never write to `bytes`.
   */
  bytes: Uint8Array = EMPTY;
  /** The index of the first unread byte. */
  start = 0;
  /** The index after the last unread byte. */
  end = 0;
  /** The offset of `bytes[0]` in the stream of the connection. */
  origin = 0;
  /**
   * Whether `bytes` is the array that was pushed, which the buffer does not change. This is so from `push` until
   * the bytes move to storage of the buffer's own.
   */
  #borrowed = false;
  /** Whether the borrowed array is not used again: it may be kept, and views of it may be given away. */
  #owned = false;

  /** The number of unread bytes. */
  get length(): number {
    return this.end - this.start;
  }

  /** The offset of an index in the stream of the connection. */
  offsetOf(index: number): number {
    return this.origin + index;
  }

  /**
   * Adds `pushed` after the unread bytes. The array stays borrowed until {@linkcode detach}.
   *
   * @param owned Whether views of the array may be given away.
   */
  push(pushed: Uint8Array, owned = false): void {
    if (this.start === this.end) {
      this.origin += this.end;
      this.bytes = plain(pushed);
      this.start = 0;
      this.end = pushed.length;
      this.#borrowed = true;
      this.#owned = owned;
      return;
    }
    this.#reserve(pushed.length);
    this.bytes.set(pushed, this.end);
    this.end += pushed.length;
  }

  /** Drops the unread bytes. The next pushed byte has the offset `offset`. */
  restart(offset: number): void {
    this.start = this.end;
    this.#move(EMPTY);
    this.origin = offset;
  }

  /**
   * Gives the borrowed array back and keeps a copy of the unread bytes. An owned array of which nothing was read is
   * kept: a connection on Bun that waits for its turn would copy half a megabyte.
   */
  detach(): void {
    if (this.start === this.end) this.#move(EMPTY);
    else if (this.#borrowed && !(this.start === 0 && this.#mayKeep(this.length))) {
      this.#move(new Uint8Array(this.length));
    }
  }

  /** Whether `count` bytes of the borrowed array are worth to keep all of it alive. */
  #mayKeep(count: number): boolean {
    return this.#owned && this.bytes.buffer.byteLength <= MAX_KEPT_RATIO * count;
  }

  /** Consumes the next `count` bytes and returns a view of them. */
  take(count: number): Uint8Array {
    const from = this.start;
    this.start += count;
    return this.bytes.subarray(from, this.start);
  }

  /** Consumes the next `count` bytes, which are content of a body. */
  takeData(count: number): DataEvent {
    if (count > MAX_COPIED_BYTES) {
      const owned = this.#borrowed && this.#mayKeep(count);
      return { type: "data", bytes: this.take(count), owned };
    }
    const from = this.start;
    this.start += count;
    return { type: "data", bytes: this.bytes.slice(from, this.start), owned: true };
  }

  /** Refuses the message because of the byte at the index `at`. */
  refuse(status: number, message: string, at: number): never {
    throw new ProtocolError(status, message, this.offsetOf(at));
  }

  /** Refuses the message because of the byte at the index `at`: `part` needs `expected` there. */
  refuseByte(at: number, part: string, expected: string): never {
    const found = describeByte(this.bytes[at] as number);
    this.refuse(400, `Cannot parse ${part}: ${found}, expected ${expected}`, at);
  }

  /** Makes room for `count` more bytes in storage of the buffer's own. */
  #reserve(count: number): void {
    const { bytes, length } = this;
    if (!this.#borrowed && this.end + count <= bytes.length) return;
    // The bytes are moved within the storage only if at least as many were consumed as are left.
    // Otherwise the moves of many small pushes would add up to quadratic time.
    const fits = !this.#borrowed && length + count <= bytes.length && this.start >= length;
    const size = Math.max(MIN_STORAGE_BYTES, 2 * (length + count));
    this.#move(fits ? bytes : new Uint8Array(size));
  }

  /** Moves the unread bytes to the start of `storage`. */
  #move(storage: Uint8Array): void {
    const { bytes, start, end } = this;
    if (storage === bytes) storage.copyWithin(0, start, end);
    else if (start < end) storage.set(bytes.subarray(start, end));
    this.origin += start;
    this.bytes = storage;
    this.start = 0;
    this.end = end - start;
    this.#borrowed = false;
  }
}

/**
 * Gives the same bytes without a subclass, because `slice` of a Node `Buffer` would be a view and
 * not a copy.
 */
function plain(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === PLAIN) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
