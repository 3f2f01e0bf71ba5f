/**
 * A message whose payload comes in pieces: fragments, or one frame in several reads.
 *
 * The payload moves into the memory of the message as it comes. The memory grows with the bytes that have come,
 * never with the length that a peer only announces. A text fails at its first wrong byte.
 *
 * The reader makes one for such a message, and drops it at its end. A message that has come whole needs none.
 *
 * @module
 */

import { INVALID_DATA } from "./close_codes.ts";
import { FrameError } from "./errors.ts";
import { OPCODES } from "./events.ts";
import { applyMask } from "./mask.ts";
import { UTF8Check } from "./utf8.ts";

/** The memory of a message begins with this many bytes, or with the whole message if it is shorter. */
const MIN_MESSAGE_BYTES = 1024;

/** A message that is not whole yet. */
export class PartialMessage {
  /** The opcode of the first frame. */
  readonly opcode: number;
  readonly isCompressed: boolean;
  /** The payload so far is the first `#size` bytes. */
  #memory: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #size = 0;
  readonly #check: UTF8Check | undefined;

  // The current frame.
  #isFinal = false;
  /** The number of payload bytes that have not come yet. */
  #remaining = 0;
  /** The key; `undefined` without a mask. */
  #key: number | undefined;
  /** The index in the key of the next payload byte. */
  #keyPhase = 0;

  /**
   * @param opcode The opcode of the first frame.
   * @param isCompressed Whether the payload is compressed.
   */
  constructor(opcode: number, isCompressed: boolean) {
    this.opcode = opcode;
    this.isCompressed = isCompressed;
    this.#check = opcode === OPCODES.text && !isCompressed ? new UTF8Check() : undefined;
  }

  /** The number of payload bytes that have come. */
  get size(): number {
    return this.#size;
  }

  /** The size of the memory. */
  get heldBytes(): number {
    return this.#memory.length;
  }

  /** Whether the payload of the current frame has come. */
  get isFrameWhole(): boolean {
    return this.#remaining === 0;
  }

  /** Whether the current frame is the last one. */
  get isFinal(): boolean {
    return this.#isFinal;
  }

  /** Begins the payload of a frame; the one before is whole. */
  beginFrame(isFinal: boolean, length: number, key: number | undefined): void {
    this.#isFinal = isFinal;
    this.#remaining = length;
    this.#key = key;
    this.#keyPhase = 0;
  }

  /**
   * Takes bytes of the current frame.
   *
   * @param input The bytes that have come.
   * @param at The index of the next payload byte.
   * @param position The position of that byte, for the error.
   * @returns The number of bytes that were taken.
   * @throws {FrameError} At the first byte that is not UTF-8.
   */
  take(input: Uint8Array, at: number, position: number): number {
    const count = Math.min(this.#remaining, input.length - at);
    if (count === 0) return 0;
    const start = this.#size;
    this.#reserve(count);
    this.#memory.set(input.subarray(at, at + count), start);
    if (this.#key !== undefined) {
      applyMask(this.#memory, start, start + count, this.#key, this.#keyPhase);
    }
    this.#keyPhase = this.#keyPhase + count & 3;
    this.#size += count;
    this.#remaining -= count;
    const wrong = this.#check?.push(this.#memory, start, this.#size) ?? -1;
    if (wrong < 0) return count;
    throw new FrameError(INVALID_DATA, "Text message is not UTF-8", position + wrong - start);
  }

  /** The whole payload. The array belongs to the receiver. */
  payload(): Uint8Array<ArrayBuffer> {
    const memory = this.#memory;
    return this.#size === memory.length ? memory : memory.slice(0, this.#size);
  }

  /** Makes room for `count` more bytes: at least twice the memory, but no more than the frame needs. */
  #reserve(count: number): void {
    const needed = this.#size + count;
    if (needed <= this.#memory.length) return;
    const announced = this.#isFinal ? this.#size + this.#remaining : Infinity;
    const doubled = Math.max(MIN_MESSAGE_BYTES, 2 * this.#memory.length);
    const memory = new Uint8Array(Math.max(needed, Math.min(announced, doubled)));
    memory.set(this.#memory.subarray(0, this.#size));
    this.#memory = memory;
  }
}
