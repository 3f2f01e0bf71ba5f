/**
 * The reader of the chunked transfer coding (RFC 9112 §7.1).
 *
 *     chunked-body = *chunk last-chunk trailer-section CRLF
 *     chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 *     chunk-size   = 1*HEXDIG
 *     last-chunk   = 1*("0") [ chunk-ext ] CRLF
 *
 * Strategy: one state transition for each byte of framing, which is consumed at once; chunk data
 * passes through as events. Proxies that were lenient about a bare LF, padded sizes, signs, or data
 * without its CRLF have found other ends of a body than the servers behind them. So the reader
 * refuses all bytes that this grammar does not allow.
 *
 * `request_parser.ts` calls this.
 *
 * @module
 */

import type { DataEvent, EndEvent } from "../events.ts";
import { CR, LF } from "../grammar.ts";
import type { Latin1Decoder } from "../latin1.ts";
import type { ParserLimits } from "../parser_limits.ts";
import { beginsExtension, ChunkExtensionScanner } from "./chunk_extension_scanner.ts";
import type { InputBuffer } from "./input_buffer.ts";
import { TrailerReader } from "./trailer_reader.ts";

// The states, named by the syntax that the reader expects. After each chunk: FIRST_DIGIT.
const FIRST_DIGIT = 0;
const DIGITS = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILERS = 7;

/**
 * The largest number of digits in a chunk size, as 2^64 - 1 has them. It bounds a run of leading
 * zeros.
 */
const MAX_SIZE_DIGITS = 16;

/** Reads one chunked body after the other. */
export class ChunkedReader {
  readonly #maxBodyBytes: number;
  readonly #extension: ChunkExtensionScanner;
  readonly #trailers: TrailerReader;
  #state = FIRST_DIGIT;
  /**
   * The size of the chunk, as far as its digits are read; in the state DATA, the number of bytes
   * that are missing.
   */
  #size = 0;
  /** The number of digits in the chunk size so far. */
  #digits = 0;
  /** The sum of the chunk sizes so far in this body. */
  #bodyBytes = 0;

  constructor(limits: ParserLimits, latin1: Latin1Decoder) {
    this.#maxBodyBytes = Math.min(limits.maxBodyBytes, Number.MAX_SAFE_INTEGER);
    this.#extension = new ChunkExtensionScanner(limits.maxChunkExtensionBytes);
    this.#trailers = new TrailerReader(limits, latin1);
  }

  /** Begins a new body. */
  reset(): void {
    this.#startChunk();
    this.#bodyBytes = 0;
    this.#extension.reset();
  }

  /** Reads the next event of the body; `undefined` if the reader needs more bytes. */
  next(input: InputBuffer): DataEvent | EndEvent | undefined {
    while (input.start < input.end) {
      if (this.#state === DATA) return this.#takeData(input);
      if (this.#state === TRAILERS) return this.#trailers.read(input);
      this.#step(input, input.bytes[input.start] as number);
    }
    return undefined;
  }

  #startChunk(): void {
    this.#state = FIRST_DIGIT;
    this.#size = 0;
    this.#digits = 0;
  }

  /** Consumes one byte of the framing, or all bytes of an extension that have arrived. */
  #step(input: InputBuffer, byte: number): void {
    switch (this.#state) {
      case FIRST_DIGIT:
      case DIGITS:
        this.#readSize(input, byte);
        break;
      case EXTENSION:
        if (!this.#extension.scan(input)) return;
        this.#state = SIZE_LF;
        break;
      case SIZE_LF:
        if (byte !== LF) {
          input.refuseByte(input.start, "end of the chunk size line", "LF after CR");
        }
        this.#finishSize();
        break;
      case DATA_CR:
        if (byte !== CR) input.refuseByte(input.start, "end of the chunk data", "CR");
        this.#state = DATA_LF;
        break;
      default:
        if (byte !== LF) input.refuseByte(input.start, "end of the chunk data", "LF after CR");
        this.#startChunk();
    }
    input.start++;
  }

  #readSize(input: InputBuffer, byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#addDigit(input, digit);
      return;
    }
    if (this.#state === FIRST_DIGIT || (byte !== CR && !beginsExtension(byte))) {
      input.refuseByte(input.start, "chunk size", "a hexadecimal digit");
    }
    this.#state = byte === CR ? SIZE_LF : EXTENSION;
    if (byte !== CR) this.#extension.start(input, byte);
  }

  #addDigit(input: InputBuffer, digit: number): void {
    this.#state = DIGITS;
    this.#size = this.#size * 16 + digit;
    if (++this.#digits > MAX_SIZE_DIGITS) {
      const message = `Cannot parse chunk size: more than ${MAX_SIZE_DIGITS} digits`;
      input.refuse(400, message, input.start);
    }
    if (this.#bodyBytes + this.#size > this.#maxBodyBytes) {
      input.refuse(413, `Body too large: over ${this.#maxBodyBytes} bytes`, input.start);
    }
  }

  #finishSize(): void {
    this.#bodyBytes += this.#size;
    if (this.#size > 0) {
      this.#state = DATA;
      return;
    }
    this.#state = TRAILERS;
    this.#trailers.reset();
  }

  #takeData(input: InputBuffer): DataEvent {
    const count = Math.min(this.#size, input.length);
    this.#size -= count;
    if (this.#size === 0) this.#state = DATA_CR;
    return input.takeData(count);
  }
}

/** Gives the value of a HEXDIG in either case, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
