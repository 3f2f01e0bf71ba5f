/**
 * One run of a parser as a short text, with a check of every promise that a single run can show.
 *
 * `fuzzer.ts` calls this and compares the texts of several runs.
 */

import {
  type HttpEvent,
  type ParserLimits,
  type ParserOptions,
  ProtocolError,
  type RequestHead,
} from "../../src/http/mod.ts";
import { decodeLatin1 } from "../../src/http/latin1.ts";

/** The interface of a parser under test, a part of `RequestParser`. */
export interface Subject {
  readonly bufferedBytes: number;
  push(bytes: Uint8Array): void;
  detach(): void;
  end(): void;
  next(): HttpEvent;
}

export type MakeSubject = (options: ParserOptions) => Subject;

/** The parser broke a promise of its interface. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** The outcome of a run. */
export interface Observation {
  /** Every event and the error, with consecutive data joined. Equal for every split of the bytes. */
  readonly text: string;
  /**
   * The kinds of the events and of the error, without their content. Similar runs have the same
   * shape.
   */
  readonly shape: string;
}

/** The statuses of a parser's errors (RFC 9110 §15.5 and §15.6). */
const STATUSES: ReadonlySet<number> = new Set([400, 413, 414, 417, 431, 501, 505]);

/** The smallest storage that the parser makes. */
const MIN_STORAGE = 256;

/**
 * Runs a parser with `bytes`, cut at each of `cuts`, and with the end of the peer.
 *
 * @throws {BrokenPromise} For an error other than `ProtocolError`, memory beyond the limits, work
 *   beyond the input, or events in a wrong order.
 */
export function observe(
  bytes: Uint8Array,
  cuts: readonly number[],
  limits: ParserLimits,
  makeSubject: MakeSubject,
): Observation {
  return new Run(bytes, limits, makeSubject).feed(cuts);
}

class Run {
  readonly #bytes: Uint8Array;
  readonly #limits: ParserLimits;
  readonly #subject: Subject;
  /** The buffer of the socket, which is lent to the parser and reused for each piece. */
  readonly #lent: Uint8Array;
  readonly #lines: string[] = [];
  readonly #kinds = new Set<string>();
  #request: RequestHead | undefined;
  #dataBytes = 0;
  #dataHash = 0;
  #decoded = 0;
  #calls = 0;
  #largestPiece = 0;
  #closed = false;

  constructor(bytes: Uint8Array, limits: ParserLimits, makeSubject: MakeSubject) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#lent = new Uint8Array(bytes.length);
    this.#subject = makeSubject({
      limits,
      latin1: (source, start, end) => this.#decode(source, start, end),
    });
  }

  feed(cuts: readonly number[]): Observation {
    try {
      let from = 0;
      for (const cut of [...cuts, this.#bytes.length]) {
        this.#feedPiece(from, cut);
        from = cut;
      }
      this.#subject.end();
      this.#drain();
      if (!this.#closed) throw new BrokenPromise("asks for data after the end");
    } catch (error) {
      this.#noteError(error);
    }
    return { text: this.#lines.join("\n"), shape: [...this.#kinds].join(" ") };
  }

  #feedPiece(from: number, to: number): void {
    const piece = this.#lent.subarray(0, to - from);
    piece.set(this.#bytes.subarray(from, to));
    this.#largestPiece = Math.max(this.#largestPiece, piece.length);
    this.#subject.push(piece);
    this.#drain();
    this.#subject.detach();
    piece.fill(0xee);
  }

  #drain(): void {
    for (;;) {
      if (++this.#calls > 3 * this.#bytes.length + 10) throw new BrokenPromise("never ends");
      const event = this.#subject.next();
      if (event.type === "need-data") return this.#checkHeld();
      if (event.type === "closed") return this.#noteClosed();
      this.#note(event);
    }
  }

  #noteClosed(): void {
    if (!this.#closed) this.#write("closed", "closed");
    this.#closed = true;
  }

  #note(event: HttpEvent): void {
    if (this.#closed) throw new BrokenPromise(`gives ${event.type} after closed`);
    switch (event.type) {
      case "request":
        if (this.#request !== undefined) throw new BrokenPromise("begins a request inside another");
        this.#request = event;
        return this.#write("request", describeHead(event));
      case "data":
        return this.#noteData(event.bytes);
      case "end":
        this.#noteEnd();
        this.#write("end", `end ${event.trailers.join("\n")}`);
    }
  }

  #noteData(bytes: Uint8Array): void {
    if (this.#request === undefined) throw new BrokenPromise("gives data outside a request");
    if (bytes.length === 0) throw new BrokenPromise("gives empty data");
    this.#dataBytes += bytes.length;
    let hash = this.#dataHash;
    for (let index = 0; index < bytes.length; index++) {
      hash = Math.imul(hash, 31) + (bytes[index] as number) | 0;
    }
    this.#dataHash = hash;
  }

  #noteEnd(): void {
    if (this.#request === undefined) throw new BrokenPromise("ends a request that never began");
    const { framing } = this.#request;
    const expected = framing.kind === "length" ? framing.length : this.#dataBytes;
    if (this.#dataBytes !== (framing.kind === "none" ? 0 : expected)) {
      throw new BrokenPromise(`gives ${this.#dataBytes} bytes of a body of ${expected}`);
    }
    if (this.#dataBytes > this.#limits.maxBodyBytes) throw new BrokenPromise("body over its limit");
    this.#request = undefined;
  }

  #noteError(error: unknown): void {
    if (error instanceof BrokenPromise) throw error;
    if (!(error instanceof ProtocolError)) throw new BrokenPromise(`throws ${String(error)}`);
    const { status, message, offset } = error;
    if (!STATUSES.has(status)) throw new BrokenPromise(`asks for status ${status}`);
    if (!/^[ -~]+$/.test(message)) throw new BrokenPromise("says what is not printable ASCII");
    if (!(offset >= 0 && offset <= this.#bytes.length)) {
      throw new BrokenPromise(`places an error at ${offset} of ${this.#bytes.length}`);
    }
    this.#write(
      `${status} ${message.replace(/"[^"]*"|0x..|\d+/g, "#")}`,
      `error ${status} at ${offset}: ${message}`,
    );
  }

  #write(kind: string, line: string): void {
    if (this.#dataBytes > 0) {
      this.#lines.push(`data ${this.#dataBytes} ${this.#dataHash}`);
      this.#kinds.add("data");
      this.#dataBytes = 0;
      this.#dataHash = 0;
    }
    this.#lines.push(line);
    this.#kinds.add(kind);
  }

  /** After all events are taken, a parser may hold an incomplete head or trailer section only. */
  #checkHeld(): void {
    const held = this.#subject.bufferedBytes;
    const { maxHeadBytes, maxTrailerBytes } = this.#limits;
    const allowed = this.#request === undefined ? maxHeadBytes : maxTrailerBytes;
    if (held > allowed) throw new BrokenPromise(`holds ${held} bytes, over its limit ${allowed}`);
  }

  /** Decodes, and checks the size of the parser's storage and the number of decoded bytes. */
  #decode(source: Uint8Array, start: number, end: number): string {
    this.#decoded += end - start;
    if (this.#decoded > this.#bytes.length) throw new BrokenPromise("decodes a byte twice");
    const { maxHeadBytes, maxTrailerBytes } = this.#limits;
    const needed = Math.min(Math.max(maxHeadBytes, maxTrailerBytes), this.#bytes.length);
    const allowed = Math.max(MIN_STORAGE, 2 * (needed + this.#largestPiece));
    if (source.buffer !== this.#lent.buffer && source.buffer.byteLength > allowed) {
      throw new BrokenPromise(`stores ${source.buffer.byteLength} bytes for ${needed}`);
    }
    return decodeLatin1(source, start, end);
  }
}

function describeHead(head: RequestHead): string {
  const { framing } = head;
  return [
    ...["request", head.method, head.target, head.form, head.path, head.query, head.host ?? "-"],
    ...[
      head.authority ?? "-",
      head.minorVersion,
      framing.kind === "length" ? framing.length : framing.kind,
    ],
    ...[head.keepAlive, head.expectContinue, head.upgrade, ...head.fields],
  ].join("\n");
}
