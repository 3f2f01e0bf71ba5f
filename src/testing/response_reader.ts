/**
 * Reads one response from the bytes that a server sends, as a client does.
 *
 * The reader is strict: bytes that break RFC 9112 are an error, which quotes them. Bytes may come in pieces of any
 * size; the reader keeps all of them, so that a test sees exactly the bytes that a socket carries.
 *
 * `exchange.ts` calls this.
 *
 * @module
 */

import { malformedResponse, readField, readResponseHead, type ResponseHead } from "../http/mod.ts";
import { decodeLatin1, joinBytes } from "../socket/mod.ts";

/** The fields of a head or of trailers, in their order and spelling. */
export type FieldPairs = ResponseHead["fields"];

/** An informational response (RFC 9110 §15.2), such as 103. */
export interface InformationalResponse {
  /** The status code, from 100 to 199 without 101. */
  readonly status: number;
  /** Its fields. */
  readonly headers: Headers;
}

/**
 * The part of the response that the reader expects next.
 *
 * | state | next bytes | follows |
 * |---|---|---|
 * | `head` | a status line and fields | a body state, `head` again after a 1xx, or `complete` |
 * | `length` | body bytes, their number known | `complete` |
 * | `chunk-size` | the line before a chunk | `chunk`, or `trailers` after size 0 |
 * | `chunk` | bytes of a chunk | `chunk-end` |
 * | `chunk-end` | CRLF after a chunk | `chunk-size` |
 * | `trailers` | fields and an empty line | `complete` |
 * | `until-close` | body bytes, up to the end of the connection | `complete` by {@linkcode ResponseReader.end} |
 * | `tunnel` | bytes of another protocol, after 101 or a 2xx to CONNECT | never |
 * | `complete` | none | - |
 */
export type ReaderState =
  | "head"
  | "length"
  | "chunk-size"
  | "chunk"
  | "chunk-end"
  | "trailers"
  | "until-close"
  | "tunnel"
  | "complete";

const MAX_HEAD_BYTES = 1 << 20;
const CR = 13;

/** Reads one response. */
export class ResponseReader {
  state: ReaderState = "head";
  head: ResponseHead | undefined;
  readonly informational: InformationalResponse[] = [];
  trailers: FieldPairs = [];
  /** The pieces of the body, without framing, in order. */
  readonly body: Uint8Array[] = [];
  /** The length of all pieces in {@linkcode body}. */
  bodyBytes = 0;
  /** All bytes of the response so far. */
  readonly raw: Uint8Array[] = [];
  /** The length of all bytes in {@linkcode raw}. */
  rawBytes = 0;
  readonly #method: string;
  /** Bytes of a line or a head that is not whole yet. */
  #pending: Uint8Array = new Uint8Array(0);
  /** The bytes of the body or the chunk that have not come. */
  #left = 0;

  /**
   * Makes a reader for the response to one request.
   *
   * @param method The method of the request: a response to HEAD has no body.
   */
  constructor(method: string) {
    this.#method = method;
  }

  /** Whether the final response, except its body, has been read. */
  get hasHead(): boolean {
    return this.head !== undefined;
  }

  /**
   * Takes bytes from the connection.
   *
   * @param bytes The next bytes; the reader keeps views of them.
   * @returns The number of bytes that belong to this response: fewer than given, once it is complete.
   * @throws An `Error` that quotes the bytes, if they are not HTTP/1.1.
   */
  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.state !== "complete") {
      at += this.#step(at === 0 ? bytes : bytes.subarray(at));
    }
    if (at > 0) {
      this.raw.push(at === bytes.length ? bytes : bytes.subarray(0, at));
      this.rawBytes += at;
    }
    return at;
  }

  /** Takes the end of the connection, which completes a body without length. */
  end(): void {
    if (this.state === "until-close") this.state = "complete";
  }

  /** Takes the first part of `bytes`, and returns its length. */
  #step(bytes: Uint8Array): number {
    switch (this.state) {
      case "head":
        return this.#line(bytes, "\r\n\r\n", (text) => this.#readHead(text));
      case "length":
      case "chunk":
        return this.#counted(bytes);
      case "chunk-size":
        return this.#line(bytes, "\r\n", (text) => this.#readSize(text));
      case "chunk-end":
        return this.#line(bytes, "\r\n", (text) => {
          if (text !== "") throw malformedResponse("CRLF after a chunk", text);
          this.state = "chunk-size";
        });
      case "trailers":
        return this.#line(bytes, "\r\n", (text) => {
          if (text === "") this.state = "complete";
          else this.trailers = [...this.trailers, readField(text)];
        });
      default:
        this.#take(bytes);
        return bytes.length;
    }
  }

  #take(bytes: Uint8Array): void {
    this.body.push(bytes);
    this.bodyBytes += bytes.length;
  }

  #counted(bytes: Uint8Array): number {
    const length = Math.min(this.#left, bytes.length);
    this.#take(length === bytes.length ? bytes : bytes.subarray(0, length));
    this.#left -= length;
    if (this.#left === 0) this.state = this.state === "chunk" ? "chunk-end" : "complete";
    return length;
  }

  /** Collects bytes up to `ending`, then reads them as text. */
  #line(bytes: Uint8Array, ending: string, read: (text: string) => void): number {
    const before = this.#pending.length;
    const all = before === 0 ? bytes : joinBytes([this.#pending, bytes]);
    // An ending may lie across the last piece and this one.
    const end = indexOf(all, ending, Math.max(0, before - ending.length + 1));
    if (end < 0) {
      if (all.length > MAX_HEAD_BYTES) {
        throw malformedResponse("a shorter line or head", decode(all));
      }
      this.#pending = new Uint8Array(all);
      return bytes.length;
    }
    this.#pending = new Uint8Array(0);
    read(decodeLatin1(all, 0, end));
    return end + ending.length - before;
  }

  #readHead(text: string): void {
    const head = readResponseHead(text);
    const { status, fields } = head;
    if (status < 200 && status !== 101) {
      this.informational.push({ status, headers: new Headers(mutable(fields)) });
      return;
    }
    this.head = head;
    this.#beginBody(status, fields);
  }

  /** RFC 9112 §6.3, from the side of the client. */
  #beginBody(status: number, fields: FieldPairs): void {
    if (status === 101 || this.#method === "CONNECT" && status < 300) {
      this.state = "tunnel";
      return;
    }
    const coding = valuesOf(fields, "transfer-encoding");
    const lengths = valuesOf(fields, "content-length");
    if (this.#method === "HEAD" || status === 204 || status === 304) this.state = "complete";
    else if (coding.length > 0) {
      if (coding.join().toLowerCase() !== "chunked" || lengths.length > 0) {
        throw malformedResponse("chunked as the only framing", coding.join());
      }
      this.state = "chunk-size";
    } else if (lengths.length > 0) {
      const [length = ""] = lengths;
      if (lengths.length > 1 || !/^\d+$/.test(length)) {
        throw malformedResponse("one Content-Length", lengths.join());
      }
      this.#left = Number(length);
      this.state = this.#left === 0 ? "complete" : "length";
    } else this.state = "until-close";
  }

  #readSize(text: string): void {
    const digits = /^[\da-fA-F]+(?=$|\s*;)/.exec(text);
    if (digits === null) throw malformedResponse("the size of a chunk", text);
    this.#left = Number.parseInt(digits[0], 16);
    this.state = this.#left === 0 ? "trailers" : "chunk";
  }
}

/** The fields in the form that the constructor of `Headers` takes. */
export function mutable(fields: FieldPairs): [string, string][] {
  return fields.map(([name, value]) => [name, value]);
}

function valuesOf(fields: FieldPairs, name: string): string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

/** The first index of `ending`, which begins with CR; -1 if it is not there. */
function indexOf(bytes: Uint8Array, ending: string, from: number): number {
  const last = bytes.length - ending.length;
  for (let at = bytes.indexOf(CR, from); at >= 0 && at <= last; at = bytes.indexOf(CR, at + 1)) {
    let length = 1;
    while (length < ending.length && bytes[at + length] === ending.charCodeAt(length)) length++;
    if (length === ending.length) return at;
  }
  return -1;
}

function decode(bytes: Uint8Array): string {
  return decodeLatin1(bytes, 0, Math.min(bytes.length, 200));
}
