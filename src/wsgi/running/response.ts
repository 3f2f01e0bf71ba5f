/**
 * The response of one request: `startResponse`, blocks in, framed bytes out.
 *
 * Blocks are held back until somebody must see them: then the head is made, with `Content-Length` if
 * the app has ended by then, and everything goes to the sink in one piece.
 *
 * @module
 */

import {
  checkTrailers,
  informational,
  type PreparedHead,
  prepareHead,
  type ResponseWriter,
} from "../../http/mod.ts";
import { handleRejection } from "../../coroutine/internal.ts";
import { mayHaveBody } from "../../http/writing/response_framing.ts";
import type { StartResponse } from "../app.ts";
import type { Block, HeaderList } from "../block.ts";
import { encodeText } from "./encode_text.ts";

/** Where framed bytes go. A string stands for its latin-1 bytes. */
export type Sink = (part: Uint8Array | string) => void;

/** An app that broke the rules of PEP 3333. */
export class WSGIError extends Error {
  /** `WSGIError`. */
  override readonly name = "WSGIError";
}

/** What the server adds to a head. */
export interface ServerFields {
  /** The value for a `Date` field. */
  date(): string;
  /** The value for a `Server` field, if there is to be one. */
  readonly server: string | undefined;
}

const NO_TRAILERS: HeaderList = [];

/** A response being made. */
export class Response {
  /** What the app calls to start the response. */
  readonly startResponse: StartResponse = (status, headers, excInfo) =>
    this.#prepare(status, headers, excInfo);

  readonly #writer: ResponseWriter;
  readonly #sink: Sink;
  readonly #fields: ServerFields;
  #start: PreparedHead | undefined;
  /** Blocks that wait for the head; the first by itself, as most responses have no more. */
  #first: Uint8Array | string | undefined;
  #others: (Uint8Array | string)[] | undefined;
  #heldBytes = 0;
  #headSent = false;
  #trailers: HeaderList = NO_TRAILERS;
  #committed = false;
  #ended = false;
  /** Whether the connection is the app's now. */
  #given = false;

  /**
   * @param writer Frames the response.
   * @param sink Takes the framed bytes.
   * @param fields What the server adds to the head.
   */
  constructor(writer: ResponseWriter, sink: Sink, fields: ServerFields) {
    this.#writer = writer;
    this.#sink = sink;
    this.#fields = fields;
  }

  /** Whether the head can no longer be replaced: a non-empty block has been given, or the end. */
  get committed(): boolean {
    return this.#committed;
  }

  /** Whether it is complete. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether its head has gone and has no body to follow. */
  get headOnly(): boolean {
    return this.#headSent && !this.#writer.bodyAllowed;
  }

  /** Whether its head has gone and only the end of the connection will tell that it is whole. */
  get untilClose(): boolean {
    return this.#writer.untilClose;
  }

  /** How many bytes wait for the head. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Takes a block of the body; an empty one is nothing.
   *
   * @throws {WSGIError} If the app has not started the response.
   * @throws {TypeError} If it is neither a string nor bytes.
   * @throws {ResponseError} If it goes beyond the app's Content-Length.
   */
  push(block: unknown): void {
    const bytes = encode(block);
    if (bytes.length === 0) return;
    if (this.#given) throw new WSGIError("A block came after the socket had been taken");
    if (this.#start === undefined) throw new WSGIError("A block came before startResponse()");
    this.#committed = true;
    if (!this.#headSent && this.#start.length !== undefined) this.#sendHead();
    if (this.#headSent) {
      this.#writer.data(bytes, this.#sink);
    } else {
      this.#hold(bytes);
    }
  }

  /** Lets go of what is held back. */
  flush(): void {
    if (this.#heldBytes > 0) this.#release();
  }

  /**
   * Sends a response that is not the final one (RFC 9110 §15.2).
   *
   * @throws {WSGIError} If the final one is on its way.
   * @throws {ResponseError} For a field that may not be sent.
   */
  inform(status: 102 | 103, headers: HeaderList): void {
    if (this.#committed) throw new WSGIError(`${status} came after the response had begun`);
    this.#sink(informational(status, headers));
  }

  /**
   * Keeps the fields that follow the body (RFC 9110 §6.5). Clients of HTTP/1.0 do not get them.
   *
   * @throws {WSGIError} If `startResponse` has not announced them in `Trailer`, or has given a
   *   `Content-Length`.
   * @throws {ResponseError} For a field that may not be a trailer.
   */
  setTrailers(trailers: HeaderList): void {
    checkTrailers(trailers);
    const announced = this.#start?.trailer?.toLowerCase().split(/[ \t]*,[ \t]*/) ?? [];
    for (const [name] of trailers) {
      if (announced.includes(name.toLowerCase())) continue;
      throw new WSGIError(`The trailer field ${name} was not announced in a Trailer field`);
    }
    if (this.#start?.length !== undefined) {
      throw new WSGIError("A response with Content-Length has no trailers");
    }
    this.#trailers = trailers.slice();
  }

  /**
   * Gives the connection to the app after `head`: there is no further response.
   *
   * @throws {WSGIError} If a response is on its way.
   */
  handOver(head: string): void {
    if (this.#committed) {
      throw new WSGIError("A socket cannot be taken once the response has begun");
    }
    this.#committed = this.#given = true;
    this.#sink(head);
  }

  /**
   * Completes the response.
   *
   * @throws {WSGIError} If the app has not started the response.
   * @throws {ResponseError} If the body is shorter than the app's Content-Length.
   */
  end(): void {
    if (this.#given) return void (this.#ended = true);
    if (this.#start === undefined) throw new WSGIError("The app ended without startResponse()");
    this.#committed = true;
    // Only a chunked body has trailers.
    const hasTrailers = this.#start.trailer !== undefined;
    if (!this.#headSent) this.#release(hasTrailers ? undefined : this.#heldBytes);
    this.#ended = true;
    this.#writer.end(this.#sink, this.#trailers);
  }

  /** Whether it has a body for a request of this method, as far as its status is known. */
  hasBody(method: string): boolean {
    return this.#start === undefined || mayHaveBody(method, this.#start.code);
  }

  /** Lets the length of the whole body be told, if the app has not and it may be. */
  announceLength(length: number): void {
    const start = this.#start;
    if (start === undefined || start.length !== undefined || start.trailer !== undefined) return;
    // What GET would give has its length told to HEAD, too.
    if (this.#committed || !this.hasBody("GET")) return;
    const lengthLine = `Content-Length: ${length}\r\n`;
    this.#start = { ...start, text: start.text + lengthLine, length, lengthLine };
  }

  /** Answers with a plain error in place of what the app has started. Not once committed. */
  replace(status: string): void {
    const text = `${status}\n`;
    this.#start = prepareHead(status, [["Content-Type", "text/plain; charset=utf-8"]]);
    this.#trailers = NO_TRAILERS;
    this.push(text);
    this.end();
  }

  #prepare(status: string, headers: HeaderList, excInfo: unknown): (block: Block) => void {
    if (this.#given) throw new WSGIError("startResponse() came after the socket had been taken");
    if (excInfo !== undefined && excInfo !== null) {
      if (this.#committed) throw excInfo;
    } else if (this.#start !== undefined) {
      throw new WSGIError("startResponse() was called twice without excInfo");
    }
    if (!Array.isArray(headers)) throw new TypeError("Headers are not an array of [name, value]");
    this.#start = prepareHead(status, headers);
    return (block) => this.push(block);
  }

  #hold(block: Uint8Array | string): void {
    this.#heldBytes += block.length;
    if (this.#first === undefined) this.#first = block;
    else (this.#others ??= []).push(block);
  }

  #release(bodyLength?: number): void {
    this.#sendHead(bodyLength);
    const first = this.#first;
    const others = this.#others;
    this.#dropHeld();
    if (first !== undefined) this.#writer.data(first, this.#sink);
    if (others === undefined) return;
    for (const block of others) this.#writer.data(block, this.#sink);
  }

  #dropHeld(): void {
    this.#first = this.#others = undefined;
    this.#heldBytes = 0;
  }

  #sendHead(bodyLength?: number): void {
    this.#sink(this.#makeHead(bodyLength));
    this.#headSent = true;
  }

  /** A head that cannot be made has not been sent: the response may still be replaced. */
  #makeHead(bodyLength: number | undefined): string {
    const { server } = this.#fields;
    try {
      const options = { date: this.#fields.date(), server, bodyLength };
      return this.#writer.begin(this.#start as PreparedHead, options);
    } catch (error) {
      this.#committed = false;
      this.#dropHeld();
      throw error;
    }
  }
}

function encode(block: unknown): Uint8Array | string {
  if (typeof block === "string") return encodeText(block);
  if (block instanceof Uint8Array) return block;
  handleRejection(block);
  const what = block === null ? "null" : typeof block;
  throw new TypeError(`Cannot send ${what} as a block: expected a string or a Uint8Array`);
}
