/**
 * This file reads HTTP answers in any framing (chunks, length, end of the connection) and any
 * split. It is fast enough to count the bytes of a download at the speed of the connection.
 *
 * @module
 */

/** The callbacks of the reader. */
export interface AnswerSink {
  onHead?(head: AnswerHead): void;
  /** A part of the body. */
  onBody?(bytes: Uint8Array): void;
  onEnd(): void;
}

export interface AnswerHead {
  readonly status: number;
  readonly framing: "chunks" | "length" | "close";
  /** The value of a field; empty if there is none. */
  field(name: string): string;
}

/** The error for bytes that are no HTTP answer. */
export class BadAnswer extends Error {
  override readonly name = "BadAnswer";
}

/** The longest head or line of chunk framing. A longer one is an error. */
const LONGEST_TEXT = 65_536;
const decoder = new TextDecoder();

type State = "head" | "body" | "chunk size" | "chunk" | "chunk end" | "trailers" | "until close";

export class AnswerReader {
  readonly #sink: AnswerSink;
  #state: State = "head";
  /** The beginning of a head or a line that is not complete. */
  #text = "";
  /** The bytes left of the body or the chunk. */
  #left = 0;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /** Whether an answer has begun and not ended. */
  get inAnswer(): boolean {
    return this.#state !== "head" || this.#text !== "";
  }

  /** @throws {BadAnswer} If the bytes are no HTTP answer. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const start = at;
      at = this.#takesContent() ? this.#content(bytes, at) : this.#line(bytes, at);
      if (at <= start) throw new BadAnswer("No progress");
    }
  }

  /** Tells the reader that the connection has ended. */
  end(): void {
    if (this.#state !== "until close") return;
    this.#finish();
  }

  #takesContent(): boolean {
    return this.#state === "body" || this.#state === "chunk" || this.#state === "until close";
  }

  #content(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#sink.onBody?.(bytes.subarray(at, end));
    this.#left -= end - at;
    if (this.#left > 0) return end;
    if (this.#state === "chunk") this.#state = "chunk end";
    else this.#finish();
    return end;
  }

  /** Takes bytes up to the end of a line or a head. */
  #line(bytes: Uint8Array, at: number): number {
    const newline = bytes.indexOf(10, at);
    const end = newline < 0 ? bytes.length : newline + 1;
    this.#text += decoder.decode(bytes.subarray(at, end));
    if (this.#text.length > LONGEST_TEXT) throw new BadAnswer("A head or a line without end");
    if (newline < 0) return end;
    if (this.#state === "head" && !this.#text.endsWith("\r\n\r\n")) return end;
    const text = this.#text;
    this.#text = "";
    this.#complete(text);
    return end;
  }

  #complete(text: string): void {
    switch (this.#state) {
      case "head":
        return this.#beginBody(parseHead(text));
      case "chunk size":
        this.#left = parseSize(text);
        this.#state = this.#left === 0 ? "trailers" : "chunk";
        return;
      case "chunk end":
        if (text !== "\r\n") throw new BadAnswer(`After a chunk came ${JSON.stringify(text)}`);
        this.#state = "chunk size";
        return;
      default:
        if (text === "\r\n") this.#finish();
    }
  }

  #beginBody(head: AnswerHead): void {
    this.#sink.onHead?.(head);
    this.#left = head.framing === "length" ? Number(head.field("Content-Length")) : Infinity;
    if (head.framing === "chunks") this.#state = "chunk size";
    else if (head.framing === "close") this.#state = "until close";
    else if (this.#left > 0) this.#state = "body";
    else this.#finish();
  }

  #finish(): void {
    this.#state = "head";
    this.#sink.onEnd();
  }
}

function parseHead(text: string): AnswerHead {
  const status = Number(/^HTTP\/1\.[01] (\d{3})[ \r]/.exec(text)?.[1]);
  if (Number.isNaN(status)) throw new BadAnswer(`No status line: ${JSON.stringify(text)}`);
  const field = (name: string) => new RegExp(`^${name}: *(.*?)\\r?$`, "im").exec(text)?.[1] ?? "";
  const chunked = field("Transfer-Encoding").toLowerCase() === "chunked";
  const sized = /^\d+$/.test(field("Content-Length"));
  return { status, framing: chunked ? "chunks" : sized ? "length" : "close", field };
}

function parseSize(text: string): number {
  const size = /^([\da-f]{1,8})(?:;.*)?\r\n$/i.exec(text)?.[1];
  if (size === undefined) throw new BadAnswer(`No chunk size: ${JSON.stringify(text)}`);
  return parseInt(size, 16);
}
