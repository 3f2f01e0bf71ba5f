/**
 * The reader of messages, without I/O: bytes in, events out (RFC 6455 §5 and §6.2).
 *
 * Strategy: the head of a frame (`frame_head.ts`), and a control frame, stays in the input until it is whole; both
 * are short. A message that is one frame and has come whole is read at once (`short_text.ts`, `payload.ts`); any
 * other moves into memory of its own as it comes (`partial_message.ts`).
 *
 * Trap: pushed bytes are borrowed. The embedder calls `detach` before it reuses its buffer.
 *
 * The connection calls this, and so does the client of `./testing`.
 *
 * @module
 */

import { NEED_DATA, OPCODES, type WebSocketEvent } from "./events.ts";
import {
  checkStart,
  extendedBytes,
  FIN,
  FINAL_TEXT,
  isControl,
  MASK,
  OPCODE,
  payloadLength,
  RSV1,
} from "./frame_head.ts";
import type { Inflate } from "./inflate.ts";
import { applyMask, maskKey } from "./mask.ts";
import { PartialMessage } from "./partial_message.ts";
import { controlEvent, inflated, messageEvent, tooBig } from "./payload.ts";
import { MAX_SHORT_BYTES, shortText } from "./short_text.ts";

/** The options of a {@linkcode MessageReader}. */
export interface MessageReaderOptions {
  /** The sender of the frames. Those of a client are masked, those of a server are not (RFC 6455 §5.1). */
  readonly from: "client" | "server";
  /** The largest message, in bytes, after decompression. A larger one is refused with 1009. Default 1 MiB. */
  readonly maxMessageBytes?: number;
  /** Decompresses messages. Without it, a compressed message is refused with 1002. */
  readonly inflate?: Inflate | undefined;
}

/** The largest message by default: 1 MiB, as uvicorn and Python's websockets have. */
export const DEFAULT_MAX_MESSAGE_BYTES: number = 1024 * 1024;

const EMPTY = new Uint8Array(0);

/**
 * A sans-IO reader of the messages of one connection.
 *
 * The same bytes give the same events and errors in any split. After an error, the reader gives the same error
 * for ever; after a Close frame, it drops all bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MessageReader } from "@x/cogen-wsgi/websocket";
 *
 * const reader = new MessageReader({ from: "server" });
 * reader.push(new Uint8Array([0x81, 0x02, 0x68]));
 * assertEquals(reader.next(), { type: "need-data" });
 * reader.push(new Uint8Array([0x69]));
 * assertEquals(reader.next(), { type: "text", data: "hi" });
 * ```
 */
export class MessageReader {
  readonly #isMasked: boolean;
  readonly #maxMessageBytes: number;
  readonly #inflate: Inflate | undefined;
  /** Whether a Close frame has come: all later bytes are dropped. */
  #isClosed = false;
  #failure: unknown;

  /** The bytes that were pushed last; those before `#at` are consumed. */
  #input: Uint8Array = EMPTY;
  #at = 0;
  /** The number of bytes that were pushed before the first byte of `#input`. */
  #offset = 0;
  /**
   * The message that has begun and is not whole. If its frame is not whole either, the next byte is its payload.
   */
  #partial: PartialMessage | undefined;

  /**
   * Makes a reader for a new connection.
   *
   * @param options The sender of the frames, the largest message, and the decompression.
   */
  constructor(options: MessageReaderOptions) {
    // A member that an app has added to `Object.prototype` is no option.
    const own = Object.assign(Object.create(null) as MessageReaderOptions, options);
    const { from, maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES, inflate } = own;
    if (from !== "client" && from !== "server") {
      throw new TypeError(
        `from of MessageReader is ${String(from)}: expected "client" or "server"`,
      );
    }
    if (typeof maxMessageBytes !== "number" || !(maxMessageBytes >= 0)) {
      const given = JSON.stringify(maxMessageBytes);
      throw new TypeError(`maxMessageBytes of MessageReader is ${given}: expected a number from 0`);
    }
    if (inflate !== undefined && typeof inflate !== "function") {
      throw new TypeError(`inflate of MessageReader is ${typeof inflate}: expected a function`);
    }
    this.#isMasked = from === "client";
    this.#maxMessageBytes = maxMessageBytes;
    this.#inflate = inflate;
  }

  /** The number of pushed bytes that are not yet part of an event or of a message in memory. */
  get bufferedBytes(): number {
    return this.#input.length - this.#at;
  }

  /** The size of the memory for the message that is not whole yet, in bytes. */
  get heldBytes(): number {
    return this.#partial?.heldBytes ?? 0;
  }

  /**
   * Adds bytes of the connection.
   *
   * The reader borrows the bytes without a copy, so they must not change before {@linkcode detach}.
   *
   * @param bytes Any number of bytes. A reader that has failed, or has given a Close frame, drops them.
   */
  push(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError(`The bytes of MessageReader are ${typeof bytes}: expected a Uint8Array`);
    }
    const rest = this.#input.length - this.#at;
    this.#offset += this.#at;
    this.#at = 0;
    if (this.#failure !== undefined || this.#isClosed) this.#input = EMPTY;
    else if (rest === 0) this.#input = bytes;
    else {
      const joined = new Uint8Array(rest + bytes.length);
      joined.set(this.#input.subarray(this.#input.length - rest));
      joined.set(bytes, rest);
      this.#input = joined;
    }
  }

  /** Gives the pushed bytes back: the reader copies the bytes that it has not consumed. */
  detach(): void {
    this.#offset += this.#at;
    this.#input = this.#at === this.#input.length
      ? EMPTY
      : new Uint8Array(this.#input.subarray(this.#at));
    this.#at = 0;
  }

  /**
   * Reads to the next event.
   *
   * @param maxFragments The number of fragments after which a long message gives `need-data` as well. It bounds the
   *   work of one call: `bufferedBytes` tells whether there are bytes for another one. Default: no bound.
   * @returns The event; `need-data` if the bytes pushed so far hold no further event.
   * @throws {FrameError} If the peer broke the protocol or a limit. Every later call throws the same error.
   */
  next(maxFragments: number = Infinity): WebSocketEvent {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#read(maxFragments);
    } catch (error) {
      this.#failure = error;
      this.#partial = undefined;
      throw error;
    }
  }

  /** The position of the next byte: the number of bytes before it. */
  get #position(): number {
    return this.#offset + this.#at;
  }

  #read(maxFragments: number): WebSocketEvent {
    for (let fragments = 0;;) {
      if (this.#isClosed) {
        this.#at = this.#input.length;
        return NEED_DATA;
      }
      const partial = this.#partial;
      const event = partial === undefined || partial.isFrameWhole
        ? this.#readFrame()
        : this.#readPayload(partial);
      if (event !== undefined) return event;
      if (this.#partial?.isFrameWhole === true && ++fragments >= maxFragments) return NEED_DATA;
    }
  }

  /** Reads a head, and the whole frame if that is possible; `undefined` if the payload, or a frame, is next. */
  #readFrame(): WebSocketEvent | undefined {
    const input = this.#input;
    const start = this.#at;
    if (input.length - start < 2) return NEED_DATA;
    const first = input[start] as number;
    const second = input[start + 1] as number;
    if (first === FINAL_TEXT) {
      const event = this.#readShortText(second);
      if (event !== undefined) return event;
    }
    checkStart(first, second, this.#expected, this.#position);
    const lengthEnd = start + 2 + extendedBytes(second);
    if (input.length < lengthEnd) return NEED_DATA;
    const length = payloadLength(input, start, this.#position);
    const isControlFrame = isControl(first & OPCODE);
    if (!isControlFrame) this.#checkSize(length, first, lengthEnd);
    const payload = lengthEnd + (this.#isMasked ? 4 : 0);
    if (input.length < (isControlFrame ? payload + length : payload)) return NEED_DATA;
    const key = this.#isMasked ? maskKey(input, lengthEnd) : undefined;
    this.#at = payload;
    if (isControlFrame) return this.#readControl(first & OPCODE, length, key);
    return this.#beginPayload(first, length, key);
  }

  get #expected() {
    return {
      isMasked: this.#isMasked,
      mayBeCompressed: this.#inflate !== undefined,
      isInMessage: this.#partial !== undefined,
    };
  }

  /** Reads a text that is one short frame of ASCII and has come whole; `undefined` for any other frame. */
  #readShortText(second: number): WebSocketEvent | undefined {
    const isMasked = this.#isMasked;
    const length = isMasked ? second - MASK : second;
    const start = this.#at + (isMasked ? 6 : 2);
    const isWhole = length >= 0 && length <= MAX_SHORT_BYTES &&
      start + length <= this.#input.length;
    if (!isWhole || this.#partial !== undefined || length > this.#maxMessageBytes) return undefined;
    const data = shortText(this.#input, start, length, isMasked);
    if (data === undefined) return undefined;
    this.#at = start + length;
    return { type: "text", data };
  }

  /** Checks that a data frame fits into its message, before any byte of the frame is kept. */
  #checkSize(length: number, first: number, lengthEnd: number): void {
    const isCompressed = this.#partial?.isCompressed ?? (first & RSV1) !== 0;
    const max = this.#maxMessageBytes;
    // A compressed payload may be a little larger than the message: 5 bytes for each 16 KB at worst.
    const maxPayload = isCompressed ? max + Math.floor(max / 256) + 1024 : max;
    if ((this.#partial?.size ?? 0) + length > maxPayload) {
      throw tooBig(max, this.#offset + lengthEnd);
    }
  }

  #readControl(opcode: number, length: number, key: number | undefined): WebSocketEvent {
    const data = this.#copy(length, key);
    if (opcode === OPCODES.close) {
      this.#isClosed = true;
      this.#partial = undefined;
    }
    return controlEvent(data, opcode, this.#position);
  }

  /** Takes the next bytes, unmasked. */
  #copy(length: number, key: number | undefined): Uint8Array<ArrayBuffer> {
    const end = this.#at + length;
    // `slice` of a Buffer makes no copy.
    const data = new Uint8Array(this.#input.subarray(this.#at, end));
    if (key !== undefined) applyMask(data, 0, length, key, 0);
    this.#at = end;
    return data;
  }

  /** Begins the payload of a data frame; a message that has come whole is read at once. */
  #beginPayload(
    first: number,
    length: number,
    key: number | undefined,
  ): WebSocketEvent | undefined {
    const isFinal = (first & FIN) !== 0;
    if (this.#partial === undefined) {
      const opcode = first & OPCODE;
      const isCompressed = (first & RSV1) !== 0;
      if (isFinal && this.#at + length <= this.#input.length) {
        return this.#messageOf(this.#copy(length, key), opcode, isCompressed);
      }
      this.#partial = new PartialMessage(opcode, isCompressed);
    }
    this.#partial.beginFrame(isFinal, length, key);
    // A frame without a payload may end its message.
    return length === 0 ? this.#endFrame(this.#partial) : undefined;
  }

  #readPayload(partial: PartialMessage): WebSocketEvent | undefined {
    this.#at += partial.take(this.#input, this.#at, this.#position);
    return partial.isFrameWhole ? this.#endFrame(partial) : NEED_DATA;
  }

  #endFrame(partial: PartialMessage): WebSocketEvent | undefined {
    if (!partial.isFinal) return undefined;
    this.#partial = undefined;
    return this.#messageOf(partial.payload(), partial.opcode, partial.isCompressed);
  }

  #messageOf(
    payload: Uint8Array<ArrayBuffer>,
    opcode: number,
    isCompressed: boolean,
  ): WebSocketEvent {
    const data = isCompressed
      ? inflated(payload, this.#inflate as Inflate, this.#maxMessageBytes, this.#position)
      : payload;
    return messageEvent(data, opcode, isCompressed, this.#position);
  }
}
