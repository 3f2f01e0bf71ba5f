/**
 * Requests, read from bytes that come in any pieces: RFC 9112 for a server, without io.
 *
 * Strategy: pull. Bytes are pushed in, events are asked for, and asking for the request after the
 * current one is what lets a pipelined request begin. Each part of a message has a reader of its own
 * that can stop after any byte; this class only says whose turn it is.
 *
 * @module
 */

import { ChunkedReader } from "./chunked_reader.ts";
import { ProtocolError } from "../errors.ts";
import { CLOSED, END, type HttpEvent, NEED_DATA, type RequestHead } from "../events.ts";
import { CR, describeByte, LF } from "../grammar.ts";
import { HeadReader } from "./head_reader.ts";
import { InputBuffer } from "./input_buffer.ts";
import { type BytesEqual, equalBytes } from "./head_memory.ts";
import { decodeLatin1, type Latin1Decoder } from "../latin1.ts";
import { type ParserLimits, resolveLimits } from "../parser_limits.ts";

/**
 * How a {@link RequestParser} is set up.
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
  /** A runtime's faster decoder of ISO-8859-1; not `TextDecoder`, whose latin1 is windows-1252. */
  readonly latin1?: Latin1Decoder;
  /** A runtime's faster comparison of bytes. */
  readonly equals?: BytesEqual | undefined;
}

type Phase = "idle" | "empty-line" | "head" | "length" | "chunked" | "end" | "closed";

/**
 * A sans-IO reader of the requests of one connection.
 *
 * The same bytes give the same events and errors in any split, but for how a body is cut into data
 * events. After an error it gives that error for ever.
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
  #phase: Phase = "idle";
  #emptyLines = 0;
  #remaining = 0;
  #keepAlive = true;
  #ended = false;
  #taken = false;
  #failure: unknown;

  /**
   * Makes a parser for a new connection.
   *
   * @param options Limits and decoder, where the defaults do not fit.
   * @throws {RangeError} If a limit is not a whole number or `Infinity`.
   */
  constructor(options: ParserOptions = {}) {
    this.#limits = resolveLimits(options.limits);
    this.#latin1 = options.latin1 ?? decodeLatin1;
    this.#head = new HeadReader(this.#limits, this.#latin1, options.equals ?? equalBytes);
  }

  /** How many bytes were pushed and are not yet part of an event: what was read ahead. */
  get bufferedBytes(): number {
    return this.#input.length;
  }

  /** Whether it stands between two messages and holds nothing. */
  get idle(): boolean {
    return this.#phase === "idle" && this.#emptyLines === 0 && this.#input.length === 0 &&
      !this.#ended && !this.#taken && this.#failure === undefined;
  }

  /**
   * Begins anew, with another connection; a message under way is forgotten. What it goes on to remember
   * of the last head are facts about bytes, not about who sent them.
   *
   * @param offset How many bytes have come on that connection before; for the offsets in errors.
   */
  restart(offset: number = 0): void {
    this.#input.restart(offset);
    this.#head.restart();
    this.#phase = "idle";
    this.#emptyLines = 0;
    this.#keepAlive = true;
    this.#ended = this.#taken = false;
    this.#failure = undefined;
  }

  /**
   * Adds bytes from the connection.
   *
   * The bytes are borrowed, not copied, until {@link detach}: they must not change before.
   *
   * @param bytes Any number of bytes; dropped if the parser has failed.
   * @throws {TypeError} After {@link end} or {@link takeBuffered}: these bytes would be lost.
   */
  push(bytes: Uint8Array): void {
    if (this.#ended || this.#taken) throw new TypeError("Cannot push bytes after the end");
    if (this.#failure === undefined) this.#input.push(bytes);
  }

  /**
   * Ends the loan of what was pushed: what is not yet consumed is copied. To be called before the
   * pushed buffer is used again; costs nothing when everything was consumed.
   */
  detach(): void {
    this.#input.detach();
  }

  /** Says that the peer has sent its last byte. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Reads on to the next event.
   *
   * @returns The event; `need-data` when the bytes pushed so far hold no further one.
   * @throws {ProtocolError} If the peer broke HTTP; the same error again on every later call.
   */
  next(): HttpEvent {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#read();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /**
   * Takes what was pushed and not read, for a protocol that follows (CONNECT, Upgrade). The parser is
   * finished: `next` gives `closed`.
   *
   * @returns A copy of the rest.
   */
  takeBuffered(): Uint8Array {
    const rest = this.#input.take(this.#input.length).slice();
    this.#input.detach();
    this.#phase = "closed";
    this.#taken = true;
    return rest;
  }

  #read(): HttpEvent {
    switch (this.#phase) {
      case "idle":
      case "empty-line":
        if (!this.#skipEmptyLines()) return this.#starve();
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
        return CLOSED;
    }
  }

  /** RFC 9112 §2.2: old clients send a CRLF after a body. Whether another byte has come. */
  #skipEmptyLines(): boolean {
    const input = this.#input;
    for (; input.start < input.end; input.start++) {
      const byte = input.bytes[input.start]!;
      const offset = input.offsetOf(input.start);
      if (this.#phase === "empty-line") {
        if (byte !== LF) {
          const message = `Cannot parse empty line: ${describeByte(byte)}, expected LF after CR`;
          throw new ProtocolError(400, message, offset);
        }
        this.#phase = "idle";
      } else {
        if (byte !== CR) return true;
        if (++this.#emptyLines > this.#limits.maxEmptyLines) {
          throw new ProtocolError(400, "Too many empty lines before the request line", offset);
        }
        this.#phase = "empty-line";
      }
    }
    return false;
  }

  #readHead(): HttpEvent {
    const head = this.#head.read(this.#input);
    if (head === undefined) return this.#starve();
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
    if (count === 0) return this.#starve();
    this.#remaining -= count;
    if (this.#remaining === 0) this.#phase = "end";
    return this.#input.takeData(count);
  }

  #readChunked(): HttpEvent {
    const event = this.#chunked!.next(this.#input);
    if (event === undefined) return this.#starve();
    return event.type === "end" ? this.#finish(event) : event;
  }

  #finish(end: HttpEvent): HttpEvent {
    // RFC 9112 §9.6: what follows a request that forbids another is not a request.
    this.#phase = this.#keepAlive ? "idle" : "closed";
    this.#emptyLines = 0;
    return end;
  }

  /** No event can be made of what there is. */
  #starve(): HttpEvent {
    if (!this.#ended) return NEED_DATA;
    if (this.#phase === "idle") return CLOSED;
    const part = this.#phase === "length" || this.#phase === "chunked" ? "body" : "head";
    // RFC 9112 §8: an incomplete message is never taken for a whole one.
    const offset = this.#input.offsetOf(this.#input.end);
    throw new ProtocolError(400, `Connection ended inside a request ${part}`, offset);
  }
}
