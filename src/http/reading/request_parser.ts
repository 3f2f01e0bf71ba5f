/**
 * The parser of requests, without I/O: the server's part of RFC 9112.
 *
 * Strategy: the embedder pushes bytes in pieces of any size, and pulls events. A pipelined request
 * begins only when the embedder asks for the event after the end of the current request. Each part
 * of a message has a reader of its own that can stop after any byte; the parser selects the reader
 * by its phase.
 *
 * Trap: pushed bytes are borrowed. The embedder calls `detach` before it reuses its buffer.
 *
 * `src/server/client_connection.ts` calls this, and `src/server/parser_pool.ts` keeps a pool of
 * parsers.
 *
 * @module
 */

import { ofMethod } from "../errors.ts";
import { CLOSED, END, type HttpEvent, NEED_DATA, type RequestHead } from "../events.ts";
import { CR, LF } from "../grammar.ts";
import { decodeLatin1, type Latin1Decoder } from "../latin1.ts";
import { ownOptions } from "../own_options.ts";
import { type ParserLimits, resolveLimits } from "../parser_limits.ts";
import { wrongArgument } from "../wrong_argument.ts";
import { ChunkedReader } from "./chunked_reader.ts";
import { type BytesEqual, equalBytes } from "./head_cache.ts";
import { HeadReader } from "./head_reader.ts";
import { InputBuffer } from "./input_buffer.ts";

/**
 * The options of a {@linkcode RequestParser}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type ParserOptions, RequestParser } from "@x/cogen-wsgi/http";
 *
 * const options: ParserOptions = { limits: { maxBodyBytes: 1_000_000 } };
 * assertEquals(new RequestParser(options).next().type, "need-data");
 * ```
 */
export interface ParserOptions {
  /** Limits that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<ParserLimits>;
  /** A faster decoder of ISO-8859-1. `TextDecoder` is none, as its `latin1` is windows-1252. */
  readonly latin1?: Latin1Decoder;
  /** A faster comparison of bytes. */
  readonly equals?: BytesEqual | undefined;
}

/**
 * The phase of a parser, named by the part of a message that comes next.
 *
 * | phase | the next byte or event | leads to |
 * |---|---|---|
 * | `idle` | the first byte of a request, or the CR of an empty line | `head`, `empty-line` |
 * | `empty-line` | the LF of an empty line | `idle` |
 * | `head` | more bytes of the head | `length`, `chunked`, `end` |
 * | `length` | content, counted by Content-Length | `end` |
 * | `chunked` | chunks and trailers | `idle`, `closed` |
 * | `end` | the end event of a request without trailers | `idle`, `closed` |
 * | `closed` | none: the connection has no further request | |
 * | `taken` | none: the embedder has taken the rest of the bytes | |
 */
type ParserPhase =
  | "idle"
  | "empty-line"
  | "head"
  | "length"
  | "chunked"
  | "end"
  | "closed"
  | "taken";

/**
 * A sans-IO parser of the requests of one connection.
 *
 * The same bytes give the same events and errors in any split, except for the cutting of a body into
 * data events. After an error, the parser gives the same error for ever.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RequestParser } from "@x/cogen-wsgi/http";
 *
 * const parser = new RequestParser();
 * const bytes = Uint8Array.from("GET / HTTP/1.0\r\n\r\n", (character) => character.charCodeAt(0));
 * parser.push(bytes.subarray(0, 5));
 * assertEquals(parser.next().type, "need-data");
 * parser.push(bytes.subarray(5));
 * assertEquals(parser.next().type, "request");
 * assertEquals(parser.next().type, "end");
 * parser.end();
 * assertEquals(parser.next().type, "closed");
 * ```
 */
export class RequestParser {
  readonly #input = new InputBuffer();
  readonly #limits: ParserLimits;
  readonly #head: HeadReader;
  readonly #latin1: Latin1Decoder;
  #chunked: ChunkedReader | undefined;
  #phase: ParserPhase = "idle";
  /** The number of empty lines since the last request. */
  #emptyLines = 0;
  /** The number of content bytes that the phase `length` still expects. */
  #remaining = 0;
  /** Whether the current request lets the connection persist. */
  #keepAlive = true;
  /** Whether the peer has sent its last byte. `end` sets it, and `restart` resets it. */
  #ended = false;
  /** The error that `next` has thrown. `restart` resets it. */
  #failure: unknown;

  /**
   * Makes a parser for a new connection.
   *
   * @param options Limits and functions that replace the defaults.
   * @throws {TypeError} For an option of another kind, and for a limit that does not exist.
   * @throws {RangeError} If a limit is neither a whole number nor `Infinity`.
   */
  constructor(options: ParserOptions = {}) {
    if (typeof options !== "object") {
      throw wrongArgument("options of RequestParser", options, "an object");
    }
    const { limits, latin1, equals } = ownOptions(options);
    for (const given of [latin1, equals]) {
      if (given === undefined || typeof given === "function") continue;
      throw wrongArgument("latin1 or equals of RequestParser", given, "a function");
    }
    this.#limits = resolveLimits(limits);
    this.#latin1 = latin1 ?? decodeLatin1;
    this.#head = new HeadReader(this.#limits, this.#latin1, equals ?? equalBytes);
  }

  /** The number of pushed bytes that are not yet part of an event. */
  get bufferedBytes(): number {
    return this.#input.length;
  }

  /** The method of a request whose head is incomplete, if it was read; otherwise `undefined`. */
  get method(): string | undefined {
    return this.#head.method(this.#input);
  }

  /** Whether the parser is between two messages, holds no bytes, and may be given more. */
  get idle(): boolean {
    return this.#phase === "idle" && this.#emptyLines === 0 && this.#input.length === 0 &&
      !this.#ended && this.#failure === undefined;
  }

  /**
   * Begins with another connection, and forgets an incomplete message. The cache of the last head
   * stays: it holds facts about bytes, which are independent of the sender.
   *
   * @param offset The number of bytes that the connection has received before, for the offsets in
   *   errors.
   */
  restart(offset: number = 0): void {
    this.#input.restart(offset);
    this.#head.restart();
    this.#phase = "idle";
    this.#emptyLines = 0;
    this.#keepAlive = true;
    this.#ended = false;
    this.#failure = undefined;
  }

  /**
   * Adds bytes from the connection.
   *
   * The parser borrows the bytes without a copy, so they must not change before {@linkcode detach}.
   *
   * @param bytes Any number of bytes. A parser that has failed drops them.
   * @param owned Whether the array may be given away: long pieces of a body are then views of it that
   *   belong to the receiver of the event. Default: `false`.
   * @throws {TypeError} After {@linkcode end} or {@linkcode takeBuffered}, as the bytes would be lost; and if the
   *   argument is no array of bytes.
   */
  push(bytes: Uint8Array, owned: boolean = false): void {
    if (typeof bytes?.subarray !== "function") {
      throw wrongArgument("bytes of RequestParser.push", bytes, "a Uint8Array");
    }
    if (this.#ended || this.#phase === "taken") {
      throw new TypeError("Cannot push bytes after the end");
    }
    if (this.#failure === undefined) this.#input.push(bytes, owned);
  }

  /**
   * Gives the pushed bytes back: the parser copies the bytes that it has not consumed. The embedder
   * calls this method before it reuses the buffer. The call is cheap if all bytes are consumed.
   */
  detach(): void {
    this.#input.detach();
  }

  /** Tells the parser that the peer has sent its last byte. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Reads to the next event.
   *
   * @returns The event; `need-data` if the bytes pushed so far hold no further event.
   * @throws {ProtocolError} If the peer broke HTTP. Every later call throws the same error.
   */
  next(): HttpEvent {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#read();
    } catch (error) {
      throw this.#failure = ofMethod(error, this.method);
    }
  }

  /**
   * Takes the pushed bytes that are not consumed, for a protocol that follows (CONNECT, Upgrade).
   * Afterwards `next` gives `closed`.
   *
   * @returns A copy of the bytes.
   */
  takeBuffered(): Uint8Array {
    const rest = new Uint8Array(this.#input.take(this.#input.length));
    this.#input.detach();
    this.#phase = "taken";
    return rest;
  }

  #read(): HttpEvent {
    switch (this.#phase) {
      case "idle":
      case "empty-line":
        if (!this.#skipEmptyLines()) return this.#needData();
        this.#phase = "head";
        return this.#readHead();
      case "head":
        return this.#readHead();
      case "length":
        return this.#readLength();
      case "chunked":
        return this.#readChunked();
      case "end":
        return this.#finish(END);
      case "closed":
      case "taken":
        return CLOSED;
    }
  }

  /**
   * Skips empty lines, as old clients send a CRLF after a body (RFC 9112 §2.2). Returns true if the
   * input holds the first byte of a request.
   */
  #skipEmptyLines(): boolean {
    const input = this.#input;
    for (; input.start < input.end; input.start++) {
      const byte = input.bytes[input.start];
      if (this.#phase === "empty-line") {
        if (byte !== LF) input.refuseByte(input.start, "empty line", "LF after CR");
        this.#phase = "idle";
      } else {
        if (byte !== CR) return true;
        if (++this.#emptyLines > this.#limits.maxEmptyLines) {
          input.refuse(400, "Too many empty lines before the request line", input.start);
        }
        this.#phase = "empty-line";
      }
    }
    return false;
  }

  #readHead(): HttpEvent {
    const head = this.#head.read(this.#input);
    if (head === undefined) return this.#needData();
    this.#keepAlive = head.keepAlive;
    this.#startBody(head);
    return head;
  }

  #startBody({ framing }: RequestHead): void {
    if (framing.kind === "chunked") {
      this.#chunked ??= new ChunkedReader(this.#limits, this.#latin1);
      this.#chunked.reset();
      this.#phase = "chunked";
    } else if (framing.kind === "length" && framing.length > 0) {
      this.#remaining = framing.length;
      this.#phase = "length";
    } else {
      this.#phase = "end";
    }
  }

  #readLength(): HttpEvent {
    const count = Math.min(this.#remaining, this.#input.length);
    if (count === 0) return this.#needData();
    this.#remaining -= count;
    if (this.#remaining === 0) this.#phase = "end";
    return this.#input.takeData(count);
  }

  #readChunked(): HttpEvent {
    const event = (this.#chunked as ChunkedReader).next(this.#input);
    if (event === undefined) return this.#needData();
    return event.type === "end" ? this.#finish(event) : event;
  }

  #finish(end: HttpEvent): HttpEvent {
    // RFC 9112 §9.6: bytes after the last request of a connection are not a request.
    this.#phase = this.#keepAlive ? "idle" : "closed";
    this.#emptyLines = 0;
    return end;
  }

  /** The result of `next` when the parser has used up its bytes. */
  #needData(): HttpEvent {
    if (!this.#ended) return NEED_DATA;
    if (this.#phase === "idle") return CLOSED;
    const part = this.#phase === "length" || this.#phase === "chunked" ? "body" : "head";
    // RFC 9112 §8: an incomplete message must not count as a complete one.
    return this.#input.refuse(400, `Connection ended inside a request ${part}`, this.#input.end);
  }
}
