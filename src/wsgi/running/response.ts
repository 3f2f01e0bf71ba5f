/**
 * The response of one request: `startResponse`, blocks in, framed bytes out.
 *
 * The framing follows from the structure of the app, never from the clock. A block that comes before the
 * end makes the head, and each such block is one chunk. Blocks that come with the end are the whole body if
 * none came before: then the head has `Content-Length`. The sink decides when the bytes are written.
 *
 * The app calls `startResponse` and `write`, the app run calls the rest, and the exchange does for
 * the controls of the request.
 *
 * @module
 */

import {
  type ByteSink,
  checkTrailers,
  informational,
  type PreparedHead,
  prepareHead,
  type ResponseContext,
  ResponseWriter,
} from "../../http/mod.ts";
import { handleRejection, handleRejectionsIn } from "../../coroutine/internal.ts";
import { showValue } from "../../coroutine/mod.ts";
import { copyFields } from "../../http/writing/response_checks.ts";
import { mayHaveBody } from "../../http/writing/response_framing.ts";
import type { StartResponse } from "../app.ts";
import type { Block, HeaderList } from "../block.ts";
import { type NamedApp, theApp } from "./app_steps.ts";
import { checkBytes } from "./block_checks.ts";
import { encodeText } from "./encode_text.ts";

/** An app that broke the rules of PEP 3333. */
export class WSGIError extends Error {
  /** `WSGIError`. */
  override readonly name = "WSGIError";
}

/**
 * The app answered a CONNECT with a 2xx and has not taken the socket. The client would take every byte
 * after the head for bytes of a tunnel (RFC 9110 §9.3.6), which does not exist.
 */
export class TunnelError extends WSGIError {
  constructor() {
    super("A 2xx to CONNECT opens a tunnel: take the socket with environ.cogen.takeSocket");
  }
}

/** The fields that the server adds to a head. */
export interface ServerFields {
  /** The value for a `Date` field. */
  date(): string;
  /** The value for a `Server` field; `undefined` for no such field. */
  readonly server: string | undefined;
}

/** The request of a response. */
export interface ResponseHost extends NamedApp, ResponseContext {
  /** The app has given a block to `write`, perhaps while it waits: the block must be sent soon. */
  blockWritten?(): void;
  /** Whether the app is cancelled. */
  readonly isAborted?: boolean;
  /** The head of the final response was given to the sink. */
  headSent?(): void;
  /** The fields of a response that replaces the app's. */
  readonly ownFields?: HeaderList;
}

const NO_TRAILERS: HeaderList = [];
const dropBytes: ByteSink = () => {};
const PLAIN: HeaderList = [["Content-Type", "text/plain; charset=utf-8"]];

/**
 * The states of a response. Each event leads to a state, or is an error.
 *
 * | state | `startResponse` | a block | `end` | `handOver` |
 * |---|---|---|---|---|
 * | `none`: not started | started | error | error | taken |
 * | `started`: the head can be replaced | started, with `excInfo` | sent | ended | taken |
 * | `sent`: the head was sent | error | sent | ended | error |
 * | `ended`: the response is complete | error | error | error | error |
 * | `taken`: the socket is the app's | error | error | takenEnded | error |
 * | `takenEnded`: the app has ended as well | error | error | takenEnded | error |
 *
 * If a head cannot be made, the response stays `started`, so that it can be replaced.
 */
export type ResponseState =
  | "none"
  | "started"
  | "sent"
  | "ended"
  | "taken"
  | "takenEnded";

/** A response being made. */
export class Response {
  /** Frames the response; made for its head. */
  #writer: ResponseWriter | undefined;
  /** Takes the framed bytes, until the app takes the socket. */
  #sink: ByteSink;
  readonly #fields: ServerFields;
  readonly #host: ResponseHost;
  #state: ResponseState = "none";
  /** The head that the app has asked for; set in all states from `started` to `ended`. */
  #start: PreparedHead | undefined;
  #trailers: HeaderList = NO_TRAILERS;
  #sentCode: number | undefined;
  #startResponse: StartResponse | undefined;

  /**
   * @param sink Takes the framed bytes.
   * @param fields The fields that the server adds to the head.
   * @param host The request. It names the app, for the messages of errors, and hears of the blocks of `write`.
   */
  constructor(
    sink: ByteSink,
    fields: ServerFields,
    host: ResponseHost,
  ) {
    this.#sink = sink;
    this.#fields = fields;
    this.#host = host;
  }

  /** The function that the app calls to start the response: the same one, until the app takes the socket. */
  get startResponse(): StartResponse {
    if (this.#startResponse !== undefined) return this.#startResponse;
    // The constant matters. V8 puts a function expression that is assigned to a property into the old generation,
    // where it keeps the whole request until the next major collection.
    const startResponse: StartResponse = (status, headers, excInfo) =>
      this.#prepare(status, headers, excInfo);
    return this.#startResponse = startResponse;
  }

  /** The state, as of the table above. */
  get state(): ResponseState {
    return this.#state;
  }

  /** Whether the head can no longer be replaced: a non-empty block has been given, or the end. */
  get committed(): boolean {
    return this.#state !== "started" && this.#state !== "none";
  }

  /** Whether the app has nothing more to send. */
  get ended(): boolean {
    return this.#state === "ended" || this.#state === "takenEnded";
  }

  /** Whether the head was sent and no body follows. */
  get headOnly(): boolean {
    return this.#isHeadSent && this.#writer?.bodyAllowed === false;
  }

  /** Whether all bytes of the response were given to the sink, also if the app has not ended. */
  get hasAllBytes(): boolean {
    return this.#isHeadSent && (this.headOnly || this.#start?.length === this.sentBytes);
  }

  /** Whether the connection persists, as the head says that was sent. */
  get keepAlive(): boolean {
    return this.#writer?.keepAlive ?? false;
  }

  /** Whether the head was sent and only the end of the connection will end the body. */
  get untilClose(): boolean {
    return this.#writer?.untilClose ?? false;
  }

  /** Whether the app has taken the socket. */
  get isTaken(): boolean {
    return this.#state === "taken" || this.#state === "takenEnded";
  }

  /** The code of the final status that was sent; `undefined` before. */
  get sentCode(): number | undefined {
    return this.#sentCode;
  }

  /** The number of bytes of the body that were sent, without the framing of chunks. */
  get sentBytes(): number {
    return this.#writer?.bodyBytes ?? 0;
  }

  /** Whether the body was sent to its end, and is as long as its `Content-Length`, if it has one. */
  get isWhole(): boolean {
    return this.#writer?.isWhole ?? false;
  }

  /**
   * Takes a block of the body before the end; an empty block is ignored. The first one makes the head.
   *
   * @throws {WSGIError} If the app has not started the response.
   * @throws {TypeError} If the block is neither a string nor bytes.
   * @throws {ResponseError} If the block exceeds the app's Content-Length, or comes after the end.
   */
  push(block: unknown): void {
    const bytes = encode(block);
    if (bytes.length > 0) this.#send(bytes, undefined);
  }

  /**
   * Takes the last block: if no other came before it, it is the whole body, and its length is known.
   *
   * @throws As {@linkcode push} does.
   */
  pushLast(block: unknown): void {
    const bytes = encode(block);
    if (bytes.length > 0) this.#send(bytes, bytes.length);
  }

  /**
   * Takes the blocks of an array. They come with the end, as {@linkcode pushLast} says of one block. A block
   * that cannot be sent is an error before any of them is sent.
   *
   * @throws As {@linkcode push} does.
   */
  pushAll(blocks: readonly unknown[]): void {
    if (blocks.length === 1) return this.pushLast(blocks[0]);
    // No `map`, which leaves out the holes of an array.
    const pieces = withoutRejections(blocks, () => Array.from(blocks, encode));
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    for (const piece of pieces) if (piece.length > 0) this.#send(piece, length);
  }

  /**
   * Sends an informational response (RFC 9110 §15.2).
   *
   * @throws {WSGIError} If the final response has begun.
   * @throws {ResponseError} For a field that may not be sent.
   */
  inform(status: 102 | 103, headers: HeaderList): void {
    this.#sink(withoutRejections(headers, () => {
      if (this.committed) throw new WSGIError(`${status} came after the response had begun`);
      return informational(status, headers);
    }));
  }

  /**
   * Keeps the fields that follow the body (RFC 9110 §6.5). Clients of HTTP/1.0 do not get them.
   *
   * @throws {WSGIError} If `startResponse` has not announced them in `Trailer`, or has a
   *   `Content-Length`.
   * @throws {ResponseError} For a field that may not be a trailer.
   */
  setTrailers(given: HeaderList): void {
    const trailers = withoutRejections(given, () => {
      const trailers = copyFields(given);
      checkTrailers(trailers);
      return trailers;
    });
    const announced = this.#start?.trailer?.toLowerCase().split(",").map((name) => name.trim()) ??
      [];
    for (const [name] of trailers) {
      if (announced.includes(name.toLowerCase())) continue;
      throw new WSGIError(`The field Trailer of startResponse() has not announced ${name}`);
    }
    if (this.#start?.length !== undefined) {
      throw new WSGIError("A response with Content-Length has no trailers");
    }
    this.#trailers = trailers;
  }

  /**
   * Hands the connection over to the app after `head`: no other response follows. The response lasts as
   * long as the app, so it gives up the objects that it has written with.
   *
   * @throws {WSGIError} If a response has begun.
   */
  handOver(head: string): void {
    if (this.committed) {
      throw new WSGIError("A socket cannot be taken once the response has begun");
    }
    this.#state = "taken";
    this.#sentCode = this.#host.method === "CONNECT" ? 200 : 101;
    this.#sink(head);
    this.#sink = dropBytes;
    this.#startResponse = undefined;
    this.#host.headSent?.();
  }

  /**
   * Completes the response.
   *
   * @throws {WSGIError} If the app has not started the response.
   * @throws {ResponseError} If the body is shorter than the app's Content-Length.
   */
  end(): void {
    if (this.isTaken) {
      this.#state = "takenEnded";
      return;
    }
    if (this.#start === undefined) {
      throw new WSGIError(`${theApp(this.#host)} ended without startResponse()`);
    }
    if (!this.#isHeadSent) this.#sendHead(0);
    this.#state = "ended";
    (this.#writer as ResponseWriter).end(this.#sink, this.#trailers);
  }

  /** Whether the response to a request of this method has a body, as far as the status is known. */
  hasBody(method: string): boolean {
    return this.#start === undefined || mayHaveBody(method, this.#start.code);
  }

  /** Adds the length of the whole body to the head, if the app has not and the status allows it. */
  announceLength(length: number): void {
    const start = this.#start;
    if (start === undefined || start.length !== undefined || start.trailer !== undefined) return;
    // RFC 9110 §8.6: the response to HEAD has the length of the response to GET.
    if (this.#state !== "started" || !this.hasBody("GET")) return;
    const lengthLine = `Content-Length: ${length}\r\n`;
    this.#start = { ...start, text: start.text + lengthLine, length, lengthLine };
  }

  /**
   * Answers in place of the app's response, which must not be committed.
   *
   * @throws {ResponseError} For a status or field that may not be sent. The response can be replaced again.
   */
  replace(status: string, headers: HeaderList = PLAIN, body: Block = `${status}\n`): void {
    const given = new Set(headers.map(([name]) => String(name).toLowerCase()));
    const own = this.#host.ownFields?.filter(([name]) => !given.has(name.toLowerCase())) ?? [];
    this.#setStart(prepareHead(status, [...headers, ...own]));
    this.#trailers = NO_TRAILERS;
    if (body.length > 0) this.pushLast(body);
    this.end();
  }

  get #isHeadSent(): boolean {
    return this.#state === "sent" || this.#state === "ended";
  }

  /** A forgotten `await` leaves promises in the arguments of a call that is refused. */
  #prepare(status: string, headers: HeaderList, excInfo: unknown): (block: Block) => void {
    try {
      return this.#prepared(status, headers, excInfo);
    } catch (error) {
      for (const given of [status, headers, excInfo]) handleRejectionsIn(given);
      throw error;
    }
  }

  #prepared(status: string, headers: HeaderList, excInfo: unknown): (block: Block) => void {
    if (this.isTaken) throw new WSGIError("startResponse() came after the socket had been taken");
    if (excInfo !== undefined && excInfo !== null) {
      if (this.committed) throw excInfo;
      handleRejection(excInfo);
    } else if (this.#start !== undefined) {
      throw new WSGIError(`startResponse() was called twice without excInfo${this.#inTheApp}`);
    }
    if (!Array.isArray(headers)) {
      throw new TypeError(
        "Headers are not an array of [name, value]: write Object.entries(headers)",
      );
    }
    this.#setStart(prepareHead(status, headers));
    return (block) => {
      // The blocks that a cancelled app yields are dropped, and the body must not have a gap.
      if (this.#host.isAborted) return handleRejection(block);
      this.push(block);
      this.#host.blockWritten?.();
    };
  }

  /** Names the app at the end of a message. */
  get #inTheApp(): string {
    const { appName = "" } = this.#host;
    return appName === "" ? "" : ` in the app ${appName}`;
  }

  #setStart(start: PreparedHead): void {
    this.#start = start;
    this.#state = "started";
  }

  /** Sends a non-empty piece; `bodyLength` is the length of the whole body, if it is known. */
  #send(piece: Uint8Array | string, bodyLength: number | undefined): void {
    if (this.isTaken) throw new WSGIError("A block came after the socket had been taken");
    if (this.#start === undefined) {
      throw new WSGIError(`A block came before startResponse()${this.#inTheApp}`);
    }
    // The length that the app gave stands: a body that exceeds it is cut there.
    if (!this.#isHeadSent) this.#sendHead(this.#start.length ?? bodyLength);
    (this.#writer as ResponseWriter).data(piece, this.#sink);
  }

  /** Sends the head. If the head cannot be made, the response may still be replaced. */
  #sendHead(length: number | undefined): void {
    const { server } = this.#fields;
    const start = this.#start as PreparedHead;
    if (this.#host.method === "CONNECT" && start.code < 300) throw new TunnelError();
    // Only a chunked body has trailers.
    const bodyLength = start.trailer === undefined ? length : undefined;
    const writer = this.#writer ??= new ResponseWriter(this.#host);
    this.#sink(writer.begin(start, { date: this.#fields.date(), server, bodyLength }));
    this.#state = "sent";
    this.#sentCode = start.code;
    this.#host.headSent?.();
  }
}

/**
 * Makes something of blocks or fields. A forgotten `await` leaves promises in those that are refused. They are
 * looked for after the refusal: a field may give another value at each reading, and the first one is checked and
 * sent.
 */
function withoutRejections<T>(given: readonly unknown[], make: () => T): T {
  try {
    return make();
  } catch (error) {
    handleRejectionsIn(given);
    throw error;
  }
}

function encode(block: unknown): Uint8Array | string {
  if (typeof block === "string") return encodeText(block);
  if (block instanceof Uint8Array) {
    checkBytes(block);
    return block;
  }
  handleRejection(block);
  throw new TypeError(
    `Cannot send ${showValue(block)} as a block: expected a string, bytes or JSON.stringify(value)`,
  );
}
