/**
 * Compression of messages: `permessage-deflate` (RFC 7692), by functions of the shape of `node:zlib`.
 *
 * Strategy: each message is compressed, or decompressed, by one call, and no stream lives between two
 * messages. With context takeover, the call gets the end of the earlier messages: to compress, as a dictionary; to
 * decompress, as an uncompressed block before the payload. So a connection that is idle holds no memory of
 * zlib's, and with context takeover at most two windows.
 *
 * The traps:
 *
 * - Raw deflate of zlib has no window of 256 bytes (8 bits) and takes one of 512 in its place, which a client with
 *   256 bytes cannot read. For 8 bits, matches are limited to the distance 1, which fits into any window.
 * - A short payload may decompress to gigabytes. zlib stops at the largest message.
 * - zlib takes a payload that was cut off for a whole one. A last block is added, which only a whole one reaches.
 * - The zlib of Deno ignores the dictionary. There, the server compresses each message by itself.
 *
 * `accept.ts` and the connection call this.
 *
 * @module
 */

import { checkNames, checkOption, optionError } from "../coroutine/mod.ts";
import type { DeflateAgreement, DeflateParameters } from "./codec/extensions.ts";
import { InflateError } from "./codec/inflate.ts";

/** The functions of `node:zlib` that are used here. */
export interface ZlibLike {
  /** Compresses bytes without a header. */
  deflateRawSync(bytes: Uint8Array, options: Readonly<Record<string, unknown>>): Uint8Array;
  /** Decompresses bytes without a header. */
  inflateRawSync(bytes: Uint8Array, options: Readonly<Record<string, unknown>>): Uint8Array;
}

/** Options of {@linkcode permessageDeflate}. */
export interface DeflateOptions {
  /**
   * Whether a message may refer to the ones before it, if the client allows it. Small messages that resemble
   * each other become much smaller, and each connection holds up to 64 KB. On Deno, only the messages of the
   * client do. Default `false`.
   */
  readonly contextTakeover?: boolean;
  /** A shorter message is sent as it is. Default 256 bytes. */
  readonly minBytes?: number;
  /** How hard zlib tries, from 1 to 9. Default 6. */
  readonly level?: number;
  /** The largest window of each end, as a power of two from 8 to 15. Default 15, which is 32 KB. */
  readonly windowBits?: number;
}

/** The compression of the sockets of an app; {@linkcode permessageDeflate} makes it. */
export interface MessageCompression {
  /** The functions that compress. */
  readonly zlib: ZlibLike;
  /** The parameters that the server offers. */
  readonly parameters: DeflateParameters;
  /** A shorter message is sent as it is. */
  readonly minBytes: number;
  /** How hard zlib tries. */
  readonly level: number;
}

/**
 * Lets sockets compress their messages: `permessage-deflate` (RFC 7692).
 *
 * A message is compressed in the thread of the server, at about 50 MB a second. One that does not become
 * smaller is sent as it is.
 *
 * @param zlib The module `node:zlib`, which Node, Deno and Bun have, or an object of its shape.
 * @param options Context takeover, the least size, the level and the window.
 * @returns The option `compression` of `acceptWebSocket`.
 * @throws {TypeError} If `zlib` has not the functions, or an option has a wrong kind.
 * @throws {RangeError} For a number outside its range.
 *
 * @example
 * ```ts
 * import * as zlib from "node:zlib";
 * import { assertEquals } from "@std/assert";
 * import { permessageDeflate } from "@x/cogen-wsgi/websocket";
 *
 * const compression = permessageDeflate(zlib, { contextTakeover: true, minBytes: 64 });
 * assertEquals(compression.minBytes, 64);
 * ```
 */
export function permessageDeflate(
  zlib: ZlibLike,
  options: DeflateOptions = {},
): MessageCompression {
  const { deflateRawSync, inflateRawSync } = (zlib ?? {}) as Partial<ZlibLike>;
  if (typeof deflateRawSync !== "function" || typeof inflateRawSync !== "function") {
    throw optionError("The zlib of permessageDeflate", zlib, "the module node:zlib");
  }
  const known = ["contextTakeover", "minBytes", "level", "windowBits"] as const;
  options = checkNames("options of permessageDeflate", options, known);
  checkOption("contextTakeover", options.contextTakeover, "boolean");
  const { contextTakeover = false, minBytes = 256, level = 6, windowBits = 15 } = options;
  checkWhole("minBytes", minBytes, 0, Infinity);
  checkWhole("level", level, 1, 9);
  checkWhole("windowBits", windowBits, 8, 15);
  const parameters = {
    serverNoContextTakeover: !contextTakeover || !takesDictionary(zlib),
    clientNoContextTakeover: !contextTakeover,
    serverMaxWindowBits: windowBits,
    clientMaxWindowBits: windowBits,
  };
  return { zlib, parameters, minBytes, level };
}

function checkWhole(name: string, value: unknown, min: number, max: number): void {
  if (typeof value !== "number") throw optionError(name, value, "a number");
  if (value >= min && value <= max && (Number.isInteger(value) || value === Infinity)) return;
  throw new RangeError(`${name} is ${value}: expected a whole number from ${min} to ${max}`);
}

/** Whether zlib makes use of a dictionary: a text after itself is then shorter. */
function takesDictionary(zlib: ZlibLike): boolean {
  const dictionary = Uint8Array.from({ length: 64 }, (_, index) => index);
  const { length } = zlib.deflateRawSync(dictionary, { finishFlush: Z_SYNC_FLUSH, dictionary });
  return length < dictionary.length / 2;
}

const Z_SYNC_FLUSH = 2;
/** The strategy that limits all matches to the distance 1. */
const Z_RLE = 3;
/** The number of bytes with which a flush ends: `00 00 ff ff`. The sender removes them (RFC 7692 §7.2.1). */
const TAIL_BYTES = 4;
/** The tail, and an empty last block. */
const END = Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff);
/** The bytes before the content of an uncompressed block (RFC 1951 §3.2.4). */
const BLOCK_HEADER_BYTES = 5;
/** The bytes of a window that a match of zlib does not reach. */
const UNREACHED_BYTES = 262;
/** The largest result of one call. The runtimes have different limits, and all are above this one. */
const MAX_CALL_BYTES = 2 ** 30;

/** The compressions without context, which hold no state, by the window of the server. */
const shared = new WeakMap<MessageCompression, Map<number, MessageDeflate>>();

/** The compression of one connection, or of all connections with the same agreement and no context. */
export class MessageDeflate {
  readonly #compression: MessageCompression;
  readonly #agreement: DeflateParameters;
  /** The end of the messages that were sent; `undefined` without context takeover. */
  #sent: Uint8Array<ArrayBuffer> | undefined;
  /** The end of the messages that have come; `undefined` without context takeover. */
  #received: Uint8Array<ArrayBuffer> | undefined;

  /**
   * Gives the compression of a connection.
   *
   * @param compression The functions, and the options of the app.
   * @param agreement The parameters, as both ends have agreed on them.
   */
  static of(compression: MessageCompression, agreement: DeflateAgreement): MessageDeflate {
    if (!agreement.serverNoContextTakeover || !agreement.clientNoContextTakeover) {
      return new MessageDeflate(compression, agreement);
    }
    const bits = agreement.serverMaxWindowBits;
    const known = shared.get(compression) ?? new Map<number, MessageDeflate>();
    shared.set(compression, known);
    const deflate = known.get(bits) ?? new MessageDeflate(compression, agreement);
    known.set(bits, deflate);
    return deflate;
  }

  private constructor(compression: MessageCompression, agreement: DeflateAgreement) {
    this.#compression = compression;
    this.#agreement = agreement;
    if (!agreement.serverNoContextTakeover) this.#sent = new Uint8Array(0);
    if (!agreement.clientNoContextTakeover) this.#received = new Uint8Array(0);
  }

  /**
   * The messages that one compression may serve: two connections with the same value send the same bytes.
   * `undefined` if a message depends on the ones before it.
   */
  get sharedKey(): number | undefined {
    return this.#sent === undefined ? this.#agreement.serverMaxWindowBits : undefined;
  }

  /** A shorter message is sent as it is. */
  get minBytes(): number {
    return this.#compression.minBytes;
  }

  /**
   * Compresses a message.
   *
   * @param message The message.
   * @returns The payload; `undefined` if the message is to be sent as it is.
   */
  deflate(message: Uint8Array): Uint8Array | undefined {
    const { zlib, minBytes, level } = this.#compression;
    if (message.length === 0 || message.length < minBytes) return undefined;
    const bits = this.#agreement.serverMaxWindowBits;
    const window = this.#sent ?? NO_WINDOW;
    const output = zlib.deflateRawSync(message, {
      level,
      finishFlush: Z_SYNC_FLUSH,
      ...memoryFor(bits, window.length + message.length),
      ...(window.length === 0 ? {} : { dictionary: window }),
    });
    const payload = output.subarray(0, output.length - TAIL_BYTES);
    // A message that was not compressed is no part of the window of the client either.
    if (payload.length >= message.length) return undefined;
    if (this.#sent !== undefined) this.#sent = windowEnd(window, message, bits);
    return payload;
  }

  /** Decompresses a message: see {@linkcode Inflate}. */
  readonly inflate = (payload: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> => {
    const window = this.#received ?? NO_WINDOW;
    const message = payload.length === 0
      ? new Uint8Array(0)
      : inflateAfter(this.#compression.zlib, window, payload, maxBytes);
    if (this.#received !== undefined) {
      this.#received = windowEnd(window, message, this.#agreement.clientMaxWindowBits);
    }
    return message;
  };
}

const NO_WINDOW = new Uint8Array(0);

/** The options of zlib about memory: a short message needs little, and zlib clears all that it gets. */
function memoryFor(maxBits: number, length: number): Readonly<Record<string, number>> {
  if (maxBits === 8) return { windowBits: 9, memLevel: 8, strategy: Z_RLE };
  const needed = Math.ceil(Math.log2(length + UNREACHED_BYTES));
  const windowBits = Math.max(9, Math.min(maxBits, needed));
  return { windowBits, memLevel: windowBits - 7 };
}

/** Decompresses a payload that may refer to a window. */
function inflateAfter(
  zlib: ZlibLike,
  window: Uint8Array,
  payload: Uint8Array,
  maxBytes: number,
): Uint8Array<ArrayBuffer> {
  const begin = window.length === 0 ? 0 : BLOCK_HEADER_BYTES + window.length;
  const input = new Uint8Array(begin + payload.length + END.length);
  if (begin > 0) {
    const { length } = window;
    input.set([0, length & 255, length >> 8, ~length & 255, ~length >> 8 & 255]);
    input.set(window, BLOCK_HEADER_BYTES);
  }
  input.set(payload, begin);
  input.set(END, begin + payload.length);
  let output: Uint8Array;
  try {
    const maxOutputLength = Math.max(1, Math.min(window.length + maxBytes, MAX_CALL_BYTES));
    output = zlib.inflateRawSync(input, { windowBits: 15, maxOutputLength });
  } catch (error) {
    throw new InflateError((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE");
  }
  if (output.length > window.length + maxBytes) throw new InflateError(true);
  // A copy: the array may be the beginning of a much larger one.
  return new Uint8Array(output.subarray(window.length));
}

/** The last bytes of a window and a message that follows, as many as the window has. */
function windowEnd(
  window: Uint8Array,
  message: Uint8Array,
  bits: number,
): Uint8Array<ArrayBuffer> {
  const size = Math.min(2 ** bits, window.length + message.length);
  const end = new Uint8Array(size);
  const tail = message.subarray(Math.max(0, message.length - size));
  end.set(tail, size - tail.length);
  const kept = size - tail.length;
  end.set(window.subarray(window.length - kept), 0);
  return end;
}
