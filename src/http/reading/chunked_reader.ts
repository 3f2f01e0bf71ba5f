/**
 * The chunked coding, read (RFC 9112 §7.1).
 *
 *     chunked-body = *chunk last-chunk trailer-section CRLF
 *     chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 *     chunk-size   = 1*HEXDIG
 *     last-chunk   = 1*("0") [ chunk-ext ] CRLF
 *
 * Strategy: a state a byte for the framing, which is consumed as it is read; chunk data passes through
 * as views. Where proxies were lenient here (bare LF, spaces, signs, data without its CRLF) two
 * parties found different ends of one body, so nothing of it passes.
 */

import { ChunkExtensionScanner } from "./chunk_extension_scanner.ts";
import { ProtocolError } from "../errors.ts";
import type { DataEvent, EndEvent } from "../events.ts";
import { CR, describeByte, LF } from "../grammar.ts";
import type { InputBuffer } from "./input_buffer.ts";
import type { Latin1Decoder } from "../latin1.ts";
import type { ParserLimits } from "../parser_limits.ts";
import { TrailerReader } from "./trailer_reader.ts";

const FIRST_DIGIT = 0;
const DIGITS = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILERS = 7;

const SEMICOLON = 0x3b;
/** As many digits as 2^64 - 1 has: leading zeros may not go on for ever. */
const MAX_SIZE_DIGITS = 16;

/** Reads one chunked body after the other. */
export class ChunkedReader {
  readonly #maxBodyBytes: number;
  readonly #extension: ChunkExtensionScanner;
  readonly #trailers: TrailerReader;
  #state = FIRST_DIGIT;
  #size = 0;
  #digits = 0;
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

  /** The next event of the body, or undefined when it needs more bytes. */
  next(input: InputBuffer): DataEvent | EndEvent | undefined {
    while (input.start < input.end) {
      if (this.#state === DATA) return this.#takeData(input);
      if (this.#state === TRAILERS) return this.#trailers.read(input);
      this.#step(input, input.bytes[input.start]!);
    }
    return undefined;
  }

  #startChunk(): void {
    this.#state = FIRST_DIGIT;
    this.#size = 0;
    this.#digits = 0;
  }

  /** One byte of the framing; an extension takes all its bytes at once. */
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
        if (byte !== LF) fail(input, "end of the chunk size line", "LF after CR");
        this.#finishSize();
        break;
      case DATA_CR:
        if (byte !== CR) fail(input, "end of the chunk data", "CR");
        this.#state = DATA_LF;
        break;
      default:
        if (byte !== LF) fail(input, "end of the chunk data", "LF after CR");
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
    if (this.#state === FIRST_DIGIT || (byte !== CR && byte !== SEMICOLON)) {
      fail(input, "chunk size", "a hexadecimal digit");
    }
    this.#state = byte === CR ? SIZE_LF : EXTENSION;
    if (byte === SEMICOLON) this.#extension.start(input);
  }

  #addDigit(input: InputBuffer, digit: number): void {
    this.#state = DIGITS;
    this.#size = this.#size * 16 + digit;
    const offset = input.offsetOf(input.start);
    if (++this.#digits > MAX_SIZE_DIGITS) {
      const message = `Cannot parse chunk size: more than ${MAX_SIZE_DIGITS} digits`;
      throw new ProtocolError(400, message, offset);
    }
    if (this.#bodyBytes + this.#size > this.#maxBodyBytes) {
      throw new ProtocolError(413, `Body too large: over ${this.#maxBodyBytes} bytes`, offset);
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

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function fail(input: InputBuffer, part: string, expected: string): never {
  const found = describeByte(input.bytes[input.start]!);
  const message = `Cannot parse ${part}: ${found}, expected ${expected}`;
  throw new ProtocolError(400, message, input.offsetOf(input.start));
}
