/**
 * The writer of responses.
 *
 * Strategy: one writer makes the head, frames the body and sees every byte of one response. So the
 * framing is decided once, and the length is always checked. The writer keeps no bytes: it returns
 * the head and passes framed blocks to a sink.
 *
 * `src/wsgi/running/response.ts` calls `begin`. Embedders that write a response without
 * `prepareHead` call `head`.
 *
 * @module
 */

import { ResponseError } from "../errors.ts";
import type { FieldList } from "../field_list.ts";
import { ownOptions } from "../own_options.ts";
import { BodyWriter, type ByteSink } from "./body_writer.ts";
import { type FramingField, headText } from "./head_text.ts";
import { wrongArgument } from "../wrong_argument.ts";
import { type PreparedHead, prepareHead } from "./prepared_head.ts";
import { checkTrailers } from "./response_checks.ts";
import {
  mayHaveBody,
  mayHaveLength,
  RESET_CONTENT,
  type ResponseFraming,
  responseFraming,
} from "./response_framing.ts";

/**
 * The facts about the request and the server that decide a response.
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
  /** The method of the request. */
  readonly method: string;
  /** The minor version of the request. */
  readonly minorVersion: 0 | 1;
  /** Whether the client and the server both allow the connection to persist. */
  readonly keepAlive: boolean;
  /** The version in the status line. With `HTTP/1.0` the writer uses no feature of 1.1. */
  readonly protocol: "HTTP/1.1" | "HTTP/1.0";
}

/**
 * The facts and fields that the server adds to a head.
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
  /** The length of the whole body in bytes, if the server knows it. */
  readonly bodyLength?: number | undefined;
  /** The value of Date. It is used if the app's fields have no Date. */
  readonly date?: string | undefined;
  /** The value of Server. It is used if the app's fields have no Server. */
  readonly server?: string | undefined;
}

/**
 * Writes one response: a head, the blocks of a body, and the end.
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
  /** The writer of the body. It exists from the head on. */
  #body: BodyWriter | undefined;
  #keepAlive = false;
  #bodyAllowed = false;
  /** Whether `end` was called. */
  #ended = false;

  /**
   * Makes a writer for one response.
   *
   * @param context The facts about the request and the server.
   */
  constructor(context: ResponseContext) {
    this.#context = context;
  }

  /**
   * Whether the connection may be used again. The value is valid after the head, and false after a
   * body that is too short.
   */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /**
   * Whether the response has a body. The value is valid after the head. Without a body, `data`
   * drops its blocks.
   */
  get bodyAllowed(): boolean {
    return this.#bodyAllowed;
  }

  /**
   * Whether the end of the connection is the end of the body. The value is valid after the head.
   */
  get untilClose(): boolean {
    return this.#body?.untilClose ?? false;
  }

  /** The number of bytes of the body so far, without the framing of chunks; 0 before the head. */
  get bodyBytes(): number {
    return this.#body?.bytes ?? 0;
  }

  /** Whether the response was ended and its body is as long as its Content-Length, if it has one. */
  get isWhole(): boolean {
    return this.#ended && this.#body?.isShort === false;
  }

  /**
   * Makes the head and decides the framing: no body, the known length, chunked in HTTP/1.1, or the
   * end of the connection.
   *
   * @param status The status of the app, such as `200 OK`.
   * @param fields The fields of the app, which are sent unchanged and in their order.
   * @param options The facts and fields of the server.
   * @returns The whole head as a latin-1 string.
   * @throws {ResponseError} For a second head; for a status or field that may not be sent; for a
   *   Content-Length that is invalid, repeated, or differs from `bodyLength`. The writer is then
   *   unchanged, and the embedder may write another head.
   * @throws {TypeError} If the context of the writer has no protocol.
   */
  head(status: string, fields: FieldList, options: ResponseHeadOptions = {}): string {
    const { protocol } = Object(this.#context) as Partial<ResponseContext>;
    if (typeof protocol !== "string") {
      throw wrongArgument("protocol of ResponseWriter", protocol, '"HTTP/1.1" or "HTTP/1.0"');
    }
    return this.begin(prepareHead(status, fields), options);
  }

  /**
   * Makes the head of a status and fields that are already checked. It does the rest as
   * {@linkcode head} does.
   *
   * @param prepared The result of {@linkcode prepareHead}.
   * @param options The facts and fields of the server.
   * @returns The whole head as a latin-1 string.
   * @throws {ResponseError} For a second head, and for a Content-Length that the status does not
   *   allow or that differs from `bodyLength`. The writer is then unchanged.
   */
  begin(prepared: PreparedHead, options: ResponseHeadOptions = {}): string {
    if (this.#body !== undefined) throw new ResponseError("Cannot send a second head");
    if (areForeign()) options = ownOptions(options);
    const { code } = prepared;
    const { method, protocol } = this.#context;
    const allowsLength = mayHaveLength(method, code);
    const isEmpty = !allowsLength || code === RESET_CONTENT;
    if (isEmpty && prepared.length !== undefined && prepared.length > 0) {
      throw new ResponseError("Cannot send Content-Length with this status");
    }
    const ownLength = allowsLength ? prepared.length : undefined;
    const framing = this.#decideFraming(code, ownLength, options.bodyLength);
    this.#body = new BodyWriter(framing, ownLength ?? options.bodyLength);
    this.#bodyAllowed = framing !== "none";
    this.#keepAlive = this.#context.keepAlive && framing !== "close";
    const framingField: FramingField = framing === "chunked"
      ? "chunked"
      : this.#lengthToAdd(code, ownLength, options.bodyLength);
    return headText(
      protocol,
      allowsLength ? prepared : withoutLength(prepared),
      prepared.hasDate ? undefined : options.date,
      prepared.hasServer ? undefined : options.server,
      framingField,
      this.#connectionLine(prepared.hasUpgrade),
    );
  }

  /**
   * Writes a block of the body in its framing.
   *
   * @param block Bytes, or a string of latin-1 characters. If no body is allowed, the block is dropped.
   * @param sink Takes the parts to send, in order.
   * @throws {ResponseError} Before the head or after the end; and if the body exceeds its
   *   Content-Length, after the bytes that fit are sent. The response is then complete for the
   *   client.
   */
  data(block: Uint8Array | string, sink: ByteSink): void {
    this.#open().data(block, sink);
  }

  /**
   * Ends the body.
   *
   * @param sink Takes the parts to send, in order.
   * @param trailers The fields to send after a chunked body. Another framing has no place for trailers,
   *   so they are dropped (RFC 9110 §6.5).
   * @throws {ResponseError} Before the head, after the end, for a field that may not be a trailer,
   *   and if the body is shorter than its Content-Length. In the last case the embedder must cut the
   *   connection, so that the client notices.
   */
  end(sink: ByteSink, trailers: FieldList = []): void {
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
    const areBothKnown = ownLength !== undefined && bodyLength !== undefined;
    if (hasBody && areBothKnown && ownLength !== bodyLength) {
      throw new ResponseError(`Body of ${bodyLength} bytes, but Content-Length ${ownLength}`);
    }
    const mayChunk = minorVersion === 1 && protocol === "HTTP/1.1";
    return responseFraming(hasBody, ownLength ?? bodyLength, mayChunk);
  }

  /** Gives the length for the Content-Length field that the server adds, if it adds one. */
  #lengthToAdd(
    code: number,
    ownLength: number | undefined,
    bodyLength: number | undefined,
  ): number | undefined {
    if (code === RESET_CONTENT && ownLength === undefined) return 0;
    if (bodyLength === undefined || ownLength !== undefined) return undefined;
    if (this.#bodyAllowed) return bodyLength;
    // For HEAD and 304 the field is the length of the body that GET would have (RFC 9110 §8.6). An
    // app may yield no blocks for them, so the length of an empty body is unknown there.
    const isAnswerToHead = this.#context.method === "HEAD" && code !== 304 && code !== 204;
    return isAnswerToHead && bodyLength > 0 ? bodyLength : undefined;
  }

  /**
   * Gives the Connection line, if the version does not imply its meaning (RFC 9112 §9.3 and §9.6).
   */
  #connectionLine(hasUpgrade: boolean): string {
    const { minorVersion, protocol } = this.#context;
    const isImplied = this.#keepAlive && minorVersion === 1 && protocol === "HTTP/1.1";
    if (isImplied) return hasUpgrade ? "Connection: upgrade\r\n" : "";
    const option = this.#keepAlive ? "keep-alive" : "close";
    return `Connection: ${option}${hasUpgrade ? ", upgrade" : ""}\r\n`;
  }
}

/** Makes the same head without Content-Length, for a response that may not have the field. */
function withoutLength(prepared: PreparedHead): PreparedHead {
  if (prepared.lengthLine === "") return prepared;
  return { ...prepared, text: prepared.text.replace(prepared.lengthLine, "") };
}

/** Checks trailers and makes their lines. */
function trailerText(trailers: FieldList): string {
  checkTrailers(trailers);
  return trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

/** Whether an app has added an option of a head to all objects. The usual head has no copy of its options. */
function areForeign(): boolean {
  return "date" in Object.prototype || "server" in Object.prototype ||
    "bodyLength" in Object.prototype;
}
