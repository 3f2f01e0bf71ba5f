/**
 * Responses, written: each is framed once, by one writer, which sees every byte of it.
 *
 * @module
 */

import { BodyWriter, type ByteSink } from "./body_writer.ts";
import { ResponseError } from "../errors.ts";
import { frontText, headText, lengthText } from "./head_text.ts";
import { type PreparedHead, prepareHead } from "./prepared_head.ts";
import { checkTrailers } from "./response_checks.ts";
import {
  mayHaveBody,
  mayHaveLength,
  type ResponseFraming,
  responseFraming,
} from "./response_framing.ts";

/**
 * What a response must know of its request and its server.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type ResponseContext, ResponseWriter } from "@x/cogen-wsgi/http";
 *
 * const context: ResponseContext = {
 *   method: "HEAD",
 *   minorVersion: 1,
 *   keepAlive: true,
 *   protocol: "HTTP/1.1",
 * };
 * const writer = new ResponseWriter(context);
 * writer.head("200 OK", []);
 * assertEquals(writer.bodyAllowed, false);
 * ```
 */
export interface ResponseContext {
  /** The request's method. */
  readonly method: string;
  /** The request's version. */
  readonly minorVersion: 0 | 1;
  /** Whether both sides would let the connection persist. */
  readonly keepAlive: boolean;
  /** The version of the status line; with `HTTP/1.0` nothing of 1.1 is used. */
  readonly protocol: "HTTP/1.1" | "HTTP/1.0";
}

/**
 * What the server adds to a head.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type ResponseHeadOptions, ResponseWriter } from "@x/cogen-wsgi/http";
 *
 * const options: ResponseHeadOptions = { bodyLength: 2, server: "demo" };
 * const context = { method: "GET", minorVersion: 1, keepAlive: true, protocol: "HTTP/1.1" } as const;
 * assertEquals(
 *   new ResponseWriter(context).head("200 OK", [], options),
 *   "HTTP/1.1 200 OK\r\nServer: demo\r\nContent-Length: 2\r\n\r\n",
 * );
 * ```
 */
export interface ResponseHeadOptions {
  /** The length of the whole body in bytes, if it is known. */
  readonly bodyLength?: number | undefined;
  /** The value of Date, if the app gave none. */
  readonly date?: string | undefined;
  /** The value of Server, if the app gave none. */
  readonly server?: string | undefined;
}

/**
 * Writes one response: a head, blocks of a body, an end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ResponseWriter } from "@x/cogen-wsgi/http";
 *
 * const context = { method: "GET", minorVersion: 0, keepAlive: true, protocol: "HTTP/1.1" } as const;
 * const writer = new ResponseWriter(context);
 * let wire = writer.head("200 OK", [["Content-Length", "2"]]);
 * writer.data("hi", (part) => wire += part);
 * writer.end((part) => wire += part);
 * assertEquals(
 *   wire,
 *   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi",
 * );
 * ```
 */
export class ResponseWriter {
  readonly #context: ResponseContext;
  #body: BodyWriter | undefined;
  #keepAlive = false;
  #bodyAllowed = false;
  #ended = false;

  /**
   * Makes a writer for one response.
   *
   * @param context What the response answers.
   */
  constructor(context: ResponseContext) {
    this.#context = context;
  }

  /** Whether the connection may be used again: known after `head`, and false after a short body. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** After `head`: false where no body may be sent (HEAD, 204, 304), so that blocks are swallowed. */
  get bodyAllowed(): boolean {
    return this.#bodyAllowed;
  }

  /** After `head`: whether only the end of the connection tells the client that it has all of the body. */
  get untilClose(): boolean {
    return this.#body?.untilClose ?? false;
  }

  /**
   * Makes the head and decides the framing: no body, the length given, chunked in HTTP/1.1, or the end
   * of the connection.
   *
   * @param status The status line of the app, as `200 OK`.
   * @param fields The fields of the app; they are sent as they are, in their order.
   * @param options What the server adds.
   * @returns The whole head as a latin-1 string.
   * @throws {ResponseError} If it was called before; for a status or field that may not be sent; for a
   * Content-Length that is invalid, doubled, or differs from `bodyLength`. Nothing is decided then.
   */
  head(
    status: string,
    fields: readonly (readonly [string, string])[],
    options: ResponseHeadOptions = {},
  ): string {
    return this.begin(prepareHead(status, fields), options);
  }

  /**
   * As {@link head}, of a status and fields that were checked before.
   *
   * @param prepared What `prepareHead` gave.
   * @param options What the server adds.
   * @returns The whole head as a latin-1 string.
   * @throws {ResponseError} If it was called before; for a Content-Length that may not be there, or that
   * differs from `bodyLength`. Nothing is decided then.
   */
  begin(prepared: PreparedHead, options: ResponseHeadOptions = {}): string {
    if (this.#body !== undefined) throw new ResponseError("Cannot send a second head");
    const { code } = prepared;
    const { method, protocol } = this.#context;
    const mayTellLength = mayHaveLength(method, code);
    if (!mayTellLength && prepared.length !== undefined && prepared.length > 0) {
      throw new ResponseError("Cannot send Content-Length with this status");
    }
    const ownLength = mayTellLength ? prepared.length : undefined;
    const framing = this.#decideFraming(code, ownLength, options.bodyLength);
    this.#body = new BodyWriter(framing);
    this.#bodyAllowed = framing.kind !== "none";
    this.#keepAlive = this.#context.keepAlive && framing.kind !== "close";
    const front = frontText(
      protocol,
      mayTellLength ? prepared : withoutLength(prepared),
      prepared.hasDate ? undefined : options.date,
      prepared.hasServer ? undefined : options.server,
    );
    const framingText = framing.kind === "chunked"
      ? "Transfer-Encoding: chunked\r\n"
      : lengthText(this.#lengthToAdd(code, ownLength, options.bodyLength));
    return headText(front, framingText, this.#connectionField());
  }

  /**
   * Writes a block of the body in its framing.
   *
   * @param block Bytes, or a string of latin-1 characters; where no body is allowed it is swallowed.
   * @param sink Takes the parts to send, in order.
   * @throws {ResponseError} Before `head` or after `end`; and when the body is longer than its
   * Content-Length, after what fits was sent: the response itself is then whole.
   */
  data(block: Uint8Array | string, sink: ByteSink): void {
    this.#open().data(block, sink);
  }

  /**
   * Ends the body.
   *
   * @param sink Takes the parts to send, in order.
   * @param trailers Fields to send after a chunked body; with another framing they have no place and
   * are dropped (RFC 9110 §6.5).
   * @throws {ResponseError} Before `head`, after `end`, for a field that may not be a trailer, and when
   * the body is shorter than its Content-Length: then the connection must be cut, so that the client
   * can tell.
   */
  end(sink: ByteSink, trailers: readonly (readonly [string, string])[] = []): void {
    const body = this.#open();
    const text = trailers.length === 0 ? "" : trailerText(trailers);
    this.#ended = true;
    try {
      body.end(sink, text);
    } catch (error) {
      this.#keepAlive = false;
      throw error;
    }
  }

  #open(): BodyWriter {
    if (this.#body === undefined) throw new ResponseError("Cannot send a body before its head");
    if (this.#ended) throw new ResponseError("Cannot send more after the end");
    return this.#body;
  }

  #decideFraming(
    code: number,
    ownLength: number | undefined,
    bodyLength: number | undefined,
  ): ResponseFraming {
    const { method, minorVersion, protocol } = this.#context;
    const hasBody = mayHaveBody(method, code);
    if (hasBody && (ownLength ?? bodyLength) !== (bodyLength ?? ownLength)) {
      throw new ResponseError(`Body of ${bodyLength} bytes, but Content-Length ${ownLength}`);
    }
    const mayChunk = minorVersion === 1 && protocol === "HTTP/1.1";
    return responseFraming(hasBody, ownLength ?? bodyLength, mayChunk);
  }

  /** The length that the app left to be said. */
  #lengthToAdd(
    code: number,
    ownLength: number | undefined,
    bodyLength: number | undefined,
  ): number | undefined {
    if (bodyLength === undefined || ownLength !== undefined) return undefined;
    if (this.#bodyAllowed) return bodyLength;
    // An app may well yield nothing for HEAD, and 304 repeats the length of a body that is not here
    // (RFC 9110 §8.6): only blocks that were given tell the length of what GET would send.
    const isAnswerToHead = this.#context.method === "HEAD" && code !== 304 && code !== 204;
    return isAnswerToHead && bodyLength > 0 ? bodyLength : undefined;
  }

  /** RFC 9112 §9.3 and §9.6: say what the version does not imply. */
  #connectionField(): string {
    if (!this.#keepAlive) return "Connection: close\r\n";
    const { minorVersion, protocol } = this.#context;
    const implied = minorVersion === 1 && protocol === "HTTP/1.1";
    return implied ? "" : "Connection: keep-alive\r\n";
  }
}

/** The same head, for where a Content-Length may not even stand. */
function withoutLength(prepared: PreparedHead): PreparedHead {
  if (prepared.lengthLine === "") return prepared;
  return { ...prepared, text: prepared.text.replace(prepared.lengthLine, "") };
}

/** The lines of a trailer section, each field checked. */
function trailerText(trailers: readonly (readonly [string, string])[]): string {
  checkTrailers(trailers);
  return trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}
