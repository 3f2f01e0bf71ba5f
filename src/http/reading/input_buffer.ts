import type { DataEvent } from "../events.ts";

const EMPTY = new Uint8Array(0);
const PLAIN: unknown = Uint8Array.prototype;

/**
 * Up to so many bytes a copy is no dearer than a view: on Bun a view of a new array costs more than
 * copying 1 KB of it (0.4 us), and elsewhere whoever keeps the bytes need not copy them again.
 */
const COPIED = 2048;

/**
 * The bytes between the socket and the parser.
 *
 * Strategy: borrow the socket's chunk while it is being parsed; copy only what is left over when the
 * chunk must be given back. The left-over grows by doubling and is never searched again, so that a
 * head fed one byte at a time costs linear time.
 */
export class InputBuffer {
  /** The window: unread bytes are `bytes[start, end)`. Read-only for everyone else. */
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  /** How many bytes of the stream came before `bytes[0]`. */
  origin = 0;
  #borrowed = false;

  /** How many bytes are unread. */
  get length(): number {
    return this.end - this.start;
  }

  /** The stream offset of the window's index. */
  offsetOf(index: number): number {
    return this.origin + index;
  }

  /** Adds `chunk` behind what is unread; it stays borrowed until {@link detach}. */
  push(chunk: Uint8Array): void {
    if (this.start === this.end) {
      this.origin += this.end;
      this.bytes = plain(chunk);
      this.start = 0;
      this.end = chunk.length;
      this.#borrowed = true;
      return;
    }
    this.#reserve(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** Forgets all that is unread; `offset` bytes came before what is pushed next. */
  restart(offset: number): void {
    this.start = this.end;
    this.#move(EMPTY);
    this.origin = offset;
  }

  /** Gives the borrowed chunk back, keeping a copy of what is unread. */
  detach(): void {
    if (this.start === this.end) {
      this.#move(EMPTY);
    } else if (this.#borrowed) {
      this.#move(new Uint8Array(this.length * 2));
    }
  }

  /** Takes the next `count` bytes as a view of the window. */
  take(count: number): Uint8Array {
    const from = this.start;
    this.start += count;
    return this.bytes.subarray(from, this.start);
  }

  /** Takes the next `count` bytes of a body. */
  takeData(count: number): DataEvent {
    if (count > COPIED) return { type: "data", bytes: this.take(count), copied: false };
    const from = this.start;
    this.start += count;
    return { type: "data", bytes: this.bytes.slice(from, this.start), copied: true };
  }

  /** Makes room for `count` more bytes in storage of our own. */
  #reserve(count: number): void {
    const { bytes, length } = this;
    if (!this.#borrowed && this.end + count <= bytes.length) return;
    // Moving within the storage pays only when as much was read as is left: else moves add up.
    const fits = !this.#borrowed && length + count <= bytes.length && this.start >= length;
    this.#move(fits ? bytes : new Uint8Array(Math.max(256, 2 * (length + count))));
  }

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

/** The same bytes as no subclass: of a Node `Buffer`, `slice` would be no copy. */
function plain(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === PLAIN) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
