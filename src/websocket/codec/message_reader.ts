/**
 * The reader of messages, without I/O: bytes in, events out (RFC 6455 §5 and §6.2).
 *
 *      0                   1                   2                   3
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *     |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
 *     |I|S|S|S|  (4)  |A|     (7)     |           (16 or 64)          |
 *     |N|V|V|V|       |S|             |                               |
 *     | |1|2|3|       |K|             |                               |
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *     |         Masking key (32), if MASK is set, then the payload    |
 *     +---------------------------------------------------------------+
 *
 * Strategy: a header, and a control frame, stays in the input until it is whole; both are short. The payload
 * of a data frame moves into the memory of its message as it comes, and that memory grows with the bytes that
 * have come, never with the length that a peer only announces. A message that is one frame and has come whole
 * needs no such memory.
 *
 * Trap: pushed bytes are borrowed. The embedder calls `detach` before it reuses its buffer.
 *
 * The connection calls this, and so does the client of `./testing`.
 *
 * @module
 */

import { INVALID_DATA, isCloseCode, NO_STATUS, PROTOCOL_ERROR, TOO_BIG } from "./close_codes.ts";
import { FrameError } from "./errors.ts";
import { NEED_DATA, OPCODES, type WebSocketEvent } from "./events.ts";
import { applyMask, maskKey } from "./mask.ts";
import { MAX_SHORT_BYTES, shortText } from "./short_text.ts";
import { UTF8Check } from "./utf8.ts";

/**
 * Decompresses the payload of a message (RFC 7692 §7.2.2).
 *
 * @param payload The compressed bytes, without the four bytes that the sender has removed.
 * @param maxBytes The largest result.
 * @returns The message.
 * @throws {InflateError} If the payload is broken, or the result is larger.
 */
export type Inflate = (payload: Uint8Array, maxBytes: number) => Uint8Array<ArrayBuffer>;

/** The reason why a payload cannot be decompressed; an {@linkcode Inflate} throws it. */
export class InflateError extends Error {
  /** The name of the class. */
  override readonly name = "InflateError";
  /** Whether the result would be larger than allowed. */
  readonly isTooBig: boolean;

  /**
   * Makes the error.
   *
   * @param isTooBig Whether the result would be larger than allowed; otherwise the payload is broken.
   */
  constructor(isTooBig: boolean) {
    super(isTooBig ? "The message is too large" : "The payload is broken");
    this.isTooBig = isTooBig;
  }
}

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

const FIN = 0x80;
/** The first byte of a text that is one frame, without compression. */
const FINAL_TEXT = 0x81;
const RSV1 = 0x40;
const OTHER_RSV = 0x30;
const OPCODE = 0x0f;
const MASK = 0x80;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
/** The largest payload of a control frame (RFC 6455 §5.5). */
const MAX_CONTROL_BYTES = 125;

/**
 * The phase of a reader:
 *
 * - `header`: the next byte begins a frame;
 * - `payload`: the next byte belongs to the payload of a data frame;
 * - `closed`: a Close frame has come, and all later bytes are dropped.
 */
type ReaderPhase = "header" | "payload" | "closed";

/** The memory of a message begins with this many bytes, or with the whole message if it is shorter. */
const MIN_MESSAGE_BYTES = 1024;
const EMPTY = new Uint8Array(0);
/** A byte order mark is a part of the message, so the decoder must not remove it. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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
  #phase: ReaderPhase = "header";
  #failure: unknown;

  /** The bytes that were pushed last; those before `#at` are consumed. */
  #input: Uint8Array = EMPTY;
  #at = 0;
  /** The number of bytes that were pushed before the first byte of `#input`. */
  #offset = 0;

  // The current frame.
  #isFinal = false;
  /** The number of payload bytes that have not come yet. */
  #remaining = 0;
  #key = 0;
  /** The index in the key of the next payload byte. */
  #keyPhase = 0;

  // The current message.
  /** The opcode of the message; 0 between two messages. */
  #opcode = 0;
  #isCompressed = false;
  /** The payload so far is the first `#size` bytes. */
  #message: Uint8Array<ArrayBuffer> = EMPTY;
  #size = 0;
  /** The check of a text that comes in pieces; most texts come whole. */
  #utf8: UTF8Check | undefined;

  /**
   * Makes a reader for a new connection.
   *
   * @param options The sender of the frames, the largest message, and the decompression.
   */
  constructor(options: MessageReaderOptions) {
    this.#isMasked = options.from === "client";
    this.#maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    this.#inflate = options.inflate;
  }

  /** The number of pushed bytes that are not yet part of an event or of a message in memory. */
  get bufferedBytes(): number {
    return this.#input.length - this.#at;
  }

  /** The size of the memory for the message that is not whole yet, in bytes. */
  get heldBytes(): number {
    return this.#message.length;
  }

  /**
   * Adds bytes of the connection.
   *
   * The reader borrows the bytes without a copy, so they must not change before {@linkcode detach}.
   *
   * @param bytes Any number of bytes. A reader that has failed, or has given a Close frame, drops them.
   */
  push(bytes: Uint8Array): void {
    const rest = this.#input.length - this.#at;
    this.#offset += this.#at;
    this.#at = 0;
    if (this.#failure !== undefined || this.#phase === "closed") this.#input = EMPTY;
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
    this.#input = this.#at === this.#input.length ? EMPTY : this.#input.slice(this.#at);
    this.#at = 0;
  }

  /**
   * Reads to the next event.
   *
   * @returns The event; `need-data` if the bytes pushed so far hold no further event.
   * @throws {FrameError} If the peer broke the protocol or a limit. Every later call throws the same error.
   */
  next(): WebSocketEvent {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#read();
    } catch (error) {
      this.#failure = error;
      this.#message = EMPTY;
      throw error;
    }
  }

  #read(): WebSocketEvent {
    for (;;) {
      switch (this.#phase) {
        case "closed":
          this.#at = this.#input.length;
          return NEED_DATA;
        case "header": {
          const event = this.#readFrame();
          if (event !== undefined) return event;
          break;
        }
        case "payload":
          if (!this.#readPayload()) return NEED_DATA;
          if (this.#isFinal) return this.#endMessage();
      }
    }
  }

  /** Reads a header, and the whole frame if that is possible; `undefined` if the payload is next. */
  #readFrame(): WebSocketEvent | undefined {
    const input = this.#input;
    const start = this.#at;
    if (input.length - start < 2) return NEED_DATA;
    const first = input[start] as number;
    const second = input[start + 1] as number;
    const opcode = first & OPCODE;
    if (first === FINAL_TEXT) {
      const event = this.#readShortText(second);
      if (event !== undefined) return event;
    }
    this.#checkStart(first, second);
    const lengthBytes = (second & LENGTH) === LENGTH_64
      ? 8
      : (second & LENGTH) === LENGTH_16
      ? 2
      : 0;
    const lengthEnd = start + 2 + lengthBytes;
    if (input.length < lengthEnd) return NEED_DATA;
    const length = this.#readLength(start + 2, lengthBytes, second & LENGTH);
    const isControl = opcode >= OPCODES.close;
    if (!isControl) this.#checkSize(length, first, lengthEnd);
    const payload = lengthEnd + (this.#isMasked ? 4 : 0);
    if (input.length < (isControl ? payload + length : payload)) return NEED_DATA;
    if (this.#isMasked) this.#key = maskKey(input, lengthEnd);
    this.#at = payload;
    if (isControl) return this.#readControl(opcode, length);
    return this.#beginPayload(first, length);
  }

  /** Reads a text that is one short frame of ASCII and has come whole; `undefined` for any other frame. */
  #readShortText(second: number): WebSocketEvent | undefined {
    const isMasked = this.#isMasked;
    const length = isMasked ? second - MASK : second;
    const start = this.#at + (isMasked ? 6 : 2);
    const isWhole = length >= 0 && length <= MAX_SHORT_BYTES &&
      start + length <= this.#input.length;
    if (!isWhole || this.#opcode !== 0 || length > this.#maxMessageBytes) return undefined;
    const data = shortText(this.#input, start, length, isMasked);
    if (data === undefined) return undefined;
    this.#at = start + length;
    return { type: "text", data };
  }

  /** Checks the first two bytes of a frame (RFC 6455 §5.2, §5.4 and §5.5). */
  #checkStart(first: number, second: number): void {
    const opcode = first & OPCODE;
    const isControl = opcode >= OPCODES.close;
    const refuse = (message: string, at = 0): never => this.#refuse(PROTOCOL_ERROR, message, at);
    if (opcode > OPCODES.binary && opcode < OPCODES.close || opcode > OPCODES.pong) {
      refuse(`Reserved opcode ${opcode}`);
    }
    if ((first & OTHER_RSV) !== 0) refuse("Reserved bit RSV2 or RSV3 is set");
    if ((first & RSV1) !== 0) {
      if (this.#inflate === undefined) refuse("Reserved bit RSV1 is set without an extension");
      if (isControl) refuse("Compressed control frame");
      if (opcode === OPCODES.continuation) refuse("RSV1 is set in a continuation frame");
    }
    if (isControl) {
      if ((first & FIN) === 0) refuse("Fragmented control frame");
      if ((second & LENGTH) > MAX_CONTROL_BYTES) {
        refuse(`Control frame with more than ${MAX_CONTROL_BYTES} bytes`, 1);
      }
    } else if (opcode === OPCODES.continuation && this.#opcode === 0) {
      refuse("Continuation frame without a message");
    } else if (opcode !== OPCODES.continuation && this.#opcode !== 0) {
      refuse("New message inside a fragmented message");
    }
    if ((second & MASK) === 0 && this.#isMasked) refuse("Frame of a client without a mask", 1);
    if ((second & MASK) !== 0 && !this.#isMasked) refuse("Frame of a server with a mask", 1);
  }

  /** Reads the extended length, which must have the shortest form (RFC 6455 §5.2). */
  #readLength(at: number, lengthBytes: number, short: number): number {
    if (lengthBytes === 0) return short;
    const view = new DataView(this.#input.buffer, this.#input.byteOffset + at, lengthBytes);
    if (lengthBytes === 2) {
      const length = view.getUint16(0);
      if (length < LENGTH_16) {
        this.#refuse(PROTOCOL_ERROR, `Length ${length} in 16 bits: expected 7 bits`, 2);
      }
      return length;
    }
    const high = view.getUint32(0);
    if (high >= 2 ** 31) this.#refuse(PROTOCOL_ERROR, "The first bit of a 64-bit length is set", 2);
    const length = high * 2 ** 32 + view.getUint32(4);
    if (length < 2 ** 16) {
      this.#refuse(PROTOCOL_ERROR, `Length ${length} in 64 bits: expected fewer`, 2);
    }
    return length;
  }

  /** Checks that a data frame fits into its message, before any byte of the frame is kept. */
  #checkSize(length: number, first: number, lengthEnd: number): void {
    const isCompressed = this.#opcode === 0 ? (first & RSV1) !== 0 : this.#isCompressed;
    const max = this.#maxMessageBytes;
    // A compressed payload may be a little larger than the message: 5 bytes for each 16 KB at worst.
    const maxPayload = isCompressed ? max + Math.floor(max / 256) + 1024 : max;
    if (this.#size + length <= maxPayload) return;
    this.#refuse(TOO_BIG, `Message larger than ${max} bytes`, lengthEnd - this.#at);
  }

  #readControl(opcode: number, length: number): WebSocketEvent {
    const data = this.#input.slice(this.#at, this.#at + length) as Uint8Array<ArrayBuffer>;
    if (this.#isMasked) applyMask(data, 0, length, this.#key, 0);
    this.#at += length;
    if (opcode === OPCODES.ping) return { type: "ping", data };
    if (opcode === OPCODES.pong) return { type: "pong", data };
    this.#phase = "closed";
    this.#message = EMPTY;
    if (length === 0) return { type: "close", code: NO_STATUS, reason: "" };
    if (length === 1) this.#refuse(PROTOCOL_ERROR, "Close frame with one byte", 0);
    const code = (data[0] as number) << 8 | (data[1] as number);
    if (!isCloseCode(code)) this.#refuse(PROTOCOL_ERROR, `Close frame with the code ${code}`, 0);
    try {
      return { type: "close", code, reason: decoder.decode(data.subarray(2)) };
    } catch {
      return this.#refuse(INVALID_DATA, "Reason of a Close frame is not UTF-8", 0);
    }
  }

  /** Begins the payload of a data frame; a message that has come whole is read at once. */
  #beginPayload(first: number, length: number): WebSocketEvent | undefined {
    this.#isFinal = (first & FIN) !== 0;
    if (this.#opcode === 0) {
      const end = this.#at + length;
      const isCompressed = (first & RSV1) !== 0;
      if (this.#isFinal && end <= this.#input.length) {
        const payload = this.#input.slice(this.#at, end) as Uint8Array<ArrayBuffer>;
        if (this.#isMasked) applyMask(payload, 0, length, this.#key, 0);
        this.#at = end;
        return this.#messageOf(payload, first & OPCODE, isCompressed);
      }
      this.#opcode = first & OPCODE;
      this.#isCompressed = isCompressed;
      this.#utf8?.restart();
    }
    this.#remaining = length;
    this.#keyPhase = 0;
    this.#phase = "payload";
    return undefined;
  }

  /** Moves payload bytes into the message. Returns true at the end of the frame. */
  #readPayload(): boolean {
    const count = Math.min(this.#remaining, this.#input.length - this.#at);
    if (count > 0) {
      const start = this.#size;
      this.#reserve(count);
      this.#message.set(this.#input.subarray(this.#at, this.#at + count), start);
      if (this.#isMasked) {
        applyMask(this.#message, start, start + count, this.#key, this.#keyPhase);
      }
      this.#keyPhase = this.#keyPhase + count & 3;
      this.#size += count;
      this.#remaining -= count;
      if (this.#opcode === OPCODES.text && !this.#isCompressed) {
        const check = this.#utf8 ??= new UTF8Check();
        const wrong = check.push(this.#message, start, this.#size);
        if (wrong >= 0) this.#refuse(INVALID_DATA, "Text message is not UTF-8", wrong - start);
      }
      this.#at += count;
    }
    if (this.#remaining > 0) return false;
    this.#phase = "header";
    return true;
  }

  /** Makes room for `count` more bytes: at least twice the memory, but no more than the frame needs. */
  #reserve(count: number): void {
    const needed = this.#size + count;
    if (needed <= this.#message.length) return;
    const announced = this.#isFinal ? this.#size + this.#remaining : Infinity;
    const doubled = Math.max(MIN_MESSAGE_BYTES, 2 * this.#message.length);
    const memory = new Uint8Array(Math.max(needed, Math.min(announced, doubled)));
    memory.set(this.#message.subarray(0, this.#size));
    this.#message = memory;
  }

  #endMessage(): WebSocketEvent {
    const memory = this.#message;
    const size = this.#size;
    const payload = size === memory.length ? memory : memory.slice(0, size);
    const opcode = this.#opcode;
    this.#opcode = 0;
    this.#size = 0;
    this.#message = EMPTY;
    return this.#messageOf(payload, opcode, this.#isCompressed);
  }

  #messageOf(
    payload: Uint8Array<ArrayBuffer>,
    opcode: number,
    isCompressed: boolean,
  ): WebSocketEvent {
    const data = isCompressed ? this.#inflated(payload) : payload;
    if (opcode === OPCODES.binary) return { type: "binary", data };
    try {
      return { type: "text", data: decoder.decode(data) };
    } catch {
      return this.#refuseText(data, isCompressed);
    }
  }

  /** Refuses a text at the byte at which a reader of pieces would. */
  #refuseText(data: Uint8Array, isCompressed: boolean): never {
    const wrong = isCompressed ? -1 : new UTF8Check().push(data, 0, data.length);
    this.#refuse(INVALID_DATA, "Text message is not UTF-8", wrong < 0 ? 0 : wrong - data.length);
  }

  #inflated(payload: Uint8Array): Uint8Array<ArrayBuffer> {
    try {
      return (this.#inflate as Inflate)(payload, this.#maxMessageBytes);
    } catch (error) {
      if (!(error instanceof InflateError)) throw error;
      if (error.isTooBig) {
        return this.#refuse(TOO_BIG, `Message larger than ${this.#maxMessageBytes} bytes`, 0);
      }
      return this.#refuse(INVALID_DATA, "Compressed message cannot be decompressed", 0);
    }
  }

  /** Throws the error of a byte: its distance from the byte that is read next. */
  #refuse(code: number, message: string, distance: number): never {
    throw new FrameError(code, message, this.#offset + this.#at + distance);
  }
}
