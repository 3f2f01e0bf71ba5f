/**
 * One request and its response, on a connection of the client.
 *
 * `client.ts` waits for whole responses; `TestStream` gives the response piece by piece.
 *
 * @module
 */

import { type HostAsyncDisposable, optionError } from "../coroutine/mod.ts";
import { joinBytes } from "../socket/mod.ts";
import { checkLeaving, type ClientSocket, type Ending, type Fault } from "./client_socket.ts";
import { disposeBy } from "./dispose.ts";
import { type PreparedRequest, toBytes } from "./request.ts";
import { TestResponse, TruncatedResponse } from "./response.ts";
import { ResponseReader } from "./response_reader.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** One request and its response. */
export class Exchange {
  readonly name: string;
  readonly socket: ClientSocket;
  readonly reader: ResponseReader;
  readonly #time: VirtualTime;
  readonly #fault: Fault | undefined;
  /** The error of the reader, or of the pieces of the body; valid once `#failed` is true. */
  #error: unknown;
  /** True from the first error on. */
  #failed = false;
  /** Set for a body in pieces: resolves when the last piece was sent, or cannot be sent any more. */
  /** Whether pieces of the body follow. */
  #isSending = false;

  /**
   * Sends a request. Its pieces, if it has any, follow while the test waits.
   *
   * @param socket The connection; no other exchange is on it.
   * @param time The time of the test.
   * @param request The request.
   * @param fault Where the client leaves or stalls.
   */
  constructor(
    socket: ClientSocket,
    time: VirtualTime,
    request: PreparedRequest,
    fault: Fault | undefined,
  ) {
    this.name = `the response to ${request.method} ${request.target}`;
    this.socket = socket;
    this.reader = new ResponseReader(request.method);
    this.#time = time;
    this.#fault = fault;
    socket.begin((bytes) => this.#receive(bytes), fault);
    socket.send(request.bytes);
    if (request.pieces === undefined) socket.requestSent();
    else void this.#sendPieces(request.pieces);
  }

  /**
   * Waits for the whole response.
   *
   * @returns The response; with a planned fault, as much of it as has come.
   * @throws {TruncatedResponse} If the server ends the connection first, unless a fault was planned.
   */
  async response(): Promise<TestResponse> {
    await this.#until(() => this.isOver);
    await this.#time.until(`the end of the body of ${this.name}`, () => !this.#takesPieces);
    const response = new TestResponse(this.reader, this.socket.sentBytes);
    if (!response.complete && this.#fault === undefined && this.socket.fault === undefined) {
      throw new TruncatedResponse(this.name, response);
    }
    return response;
  }

  /** Waits for the head of the response. */
  async head(): Promise<void> {
    await this.#until(() => this.reader.hasHead || this.isOver);
    if (!this.reader.hasHead && this.#fault === undefined) {
      throw new TruncatedResponse(this.name, new TestResponse(this.reader, this.socket.sentBytes));
    }
  }

  /** Waits until the response is over or a condition holds. */
  async more(condition: () => boolean): Promise<void> {
    await this.#until(() => condition() || this.isOver);
  }

  /**
   * Ends the connection of the client, and lets the server notice that.
   *
   * @param how The way.
   */
  async disconnect(how: Exclude<Ending, "stall"> = "reset"): Promise<void> {
    checkLeaving(how);
    this.socket.end(how);
    await this.#time.quiet();
  }

  /** Whether no more of the response can come. */
  get isOver(): boolean {
    const { socket } = this;
    if (this.reader.state === "complete" || this.#failed || socket.closed) return true;
    return socket.ended && socket.fault !== "stall";
  }

  async #until(reached: () => boolean): Promise<void> {
    await this.#time.until(this.name, () => this.#failed || reached());
    if (this.#failed) throw this.#error;
    if (this.isOver) this.reader.end();
  }

  #receive(bytes: Uint8Array): void {
    try {
      const length = this.reader.push(bytes);
      if (length === bytes.length) return;
      throw new Error(
        `The server sent ${bytes.length - length} bytes after the end of ${this.name}`,
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#error = error;
    this.socket.end("reset");
  }

  /** Sends a chunk for each piece, as far as the server takes them. */
  async #sendPieces(pieces: NonNullable<PreparedRequest["pieces"]>): Promise<void> {
    const { socket } = this;
    this.#isSending = true;
    try {
      for await (const piece of this.#time.steps(pieces, () => this.#takesPieces)) {
        const bytes = toBytes(piece);
        if (bytes.length === 0) continue;
        const size = toBytes(`${bytes.length.toString(16)}\r\n`);
        socket.send(joinBytes([size, bytes, toBytes("\r\n")]));
        await this.#time.until(
          `room for the body of ${this.name}`,
          () => socket.flushed || this.isOver,
        );
        if (socket.closed || socket.fault !== undefined) return;
      }
      socket.send(toBytes("0\r\n\r\n"));
      socket.requestSent();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isSending = false;
    }
  }

  /** Whether a further piece of the body has an effect. A source may never give it. */
  get #takesPieces(): boolean {
    const { closed, ended } = this.socket;
    return this.#isSending && !closed && !ended;
  }
}

/** The part of the class that depends on the compiler: the method for `await using`. */
export interface TestStream extends HostAsyncDisposable {}

/** A response that a test reads piece by piece, and a client that may leave at any time. */
export class TestStream implements AsyncIterable<Uint8Array> {
  static {
    disposeBy(this.prototype, async function (this: TestStream) {
      if (!this.ended) await this.disconnect();
    });
  }

  /** The status code; 0 if the client left before the head. */
  readonly status: number;
  /** The fields of the head. */
  readonly headers: Headers;
  readonly #exchange: Exchange;
  /** The pieces of the body that were read already. */
  #taken = 0;
  /** The bytes of the first piece that were read already. */
  #offset = 0;
  /** All bytes that were read already. */
  #readBytes = 0;

  /**
   * Begins at the head of a response.
   *
   * @param exchange The exchange; its head has come.
   */
  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    const { status, headers } = new TestResponse(exchange.reader, 0);
    this.status = status;
    this.headers = headers;
  }

  /**
   * Waits for bytes of the body.
   *
   * @param length The number of bytes to wait for; `Infinity` waits for the end of the body. Default: all that have
   *   come, but at least one.
   * @returns The bytes; fewer only at the end of the body.
   * @throws {TypeError} If the length is neither a whole number, 0 or more, nor `Infinity`.
   */
  async read(length?: number): Promise<Uint8Array<ArrayBuffer>> {
    const isLength = length === Infinity || Number.isSafeInteger(length) && Number(length) >= 0;
    if (length !== undefined && !isLength) {
      throw optionError("The length of read", length, "a number of bytes, 0 or more");
    }
    await this.#exchange.more(() => this.#available() >= (length ?? 1));
    return this.#take(Math.min(length ?? Infinity, this.#available()));
  }

  /**
   * Waits for a text in the body, in UTF-8.
   *
   * @param text The text.
   * @returns The body from where it was read last, up to the end of the text.
   * @throws An `Error` that quotes the body, if it ends without the text.
   */
  async until(text: string): Promise<string> {
    if (typeof text !== "string") throw optionError("The text of until", text, "a string");
    const wanted = toBytes(text);
    await this.#exchange.more(() => find(this.#peek(), wanted) >= 0);
    const unread = this.#peek();
    const at = find(unread, wanted);
    if (at < 0) {
      const got = JSON.stringify(new TextDecoder().decode(unread).slice(-200));
      throw new Error(`The body ends without ${JSON.stringify(text)}: ${got}`);
    }
    return new TextDecoder().decode(this.#take(at + wanted.length));
  }

  /** Gives the pieces of the body as the server sent them, to its end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    for (;;) {
      await this.#exchange.more(() => this.#available() > 0);
      const piece = this.#exchange.reader.body[this.#taken];
      if (piece === undefined) return;
      yield this.#take(piece.length - this.#offset);
    }
  }

  /**
   * Waits for the rest of the response.
   *
   * @returns The whole response, with all of its body.
   */
  response(): Promise<TestResponse> {
    return this.#exchange.response();
  }

  /** Whether the response has ended, whole or not. */
  get ended(): boolean {
    return this.#exchange.isOver;
  }

  /**
   * Ends the connection of the client. The server notices a reset at once; after a FIN, it gives the client a short
   * time for the response (`timeouts.halfClosed`).
   *
   * @param how `reset`, the default, cuts the connection; `fin` closes the direction to the server.
   */
  async disconnect(how: Exclude<Ending, "stall"> = "reset"): Promise<void> {
    await this.#exchange.disconnect(how);
  }

  /** Stops reading. The server goes on until the window is full. */
  stall(): void {
    this.#exchange.socket.end("stall");
  }

  /** Goes on reading after a {@linkcode stall}. */
  resume(): void {
    this.#exchange.socket.resume();
  }

  #available(): number {
    return this.#exchange.reader.bodyBytes - this.#readBytes;
  }

  #peek(): Uint8Array<ArrayBuffer> {
    const pieces = this.#exchange.reader.body.slice(this.#taken);
    return joinBytes(pieces).subarray(this.#offset);
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#peek().slice(0, length);
    const { body } = this.#exchange.reader;
    this.#readBytes += bytes.length;
    this.#offset += bytes.length;
    for (let first = body[this.#taken]; first !== undefined; first = body[this.#taken]) {
      if (first.length > this.#offset) break;
      this.#offset -= first.length;
      this.#taken++;
    }
    return bytes;
  }
}

/** The first index of `wanted` in `bytes`; -1 if it is not there. */
function find(bytes: Uint8Array, wanted: Uint8Array): number {
  const last = bytes.length - wanted.length;
  for (let at = 0; at <= last; at++) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
