/**
 * A response, as a test sees it.
 *
 * `exchange.ts` calls this.
 *
 * @module
 */

import { joinBytes } from "../socket/mod.ts";
import { type InformationalResponse, mutable, type ResponseReader } from "./response_reader.ts";

/** The characters of a body that an error quotes. */
const MAX_QUOTED = 200;

/** A response with its whole body. */
export class TestResponse {
  /** The status code. */
  readonly status: number;
  /** The reason phrase. */
  readonly reason: string;
  /** The informational responses before it, such as 103. */
  readonly informational: readonly InformationalResponse[];
  /**
   * Whether the response is whole. It is not if the client left or stalled first, as the option `fault`
   * asks; any other incomplete response is a {@linkcode TruncatedResponse}.
   */
  readonly complete: boolean;
  /** The bytes of the request that were sent, head and body. */
  readonly sentBytes: number;
  readonly #reader: ResponseReader;
  #headers: Headers | undefined;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  /**
   * Takes a response from its reader.
   *
   * @param reader The reader, at the end of the response.
   * @param sentBytes The bytes of the request that were sent.
   */
  constructor(reader: ResponseReader, sentBytes: number) {
    this.#reader = reader;
    this.status = reader.head?.status ?? 0;
    this.reason = reader.head?.reason ?? "";
    this.informational = reader.informational;
    this.complete = reader.state === "complete" || reader.state === "tunnel";
    this.sentBytes = sentBytes;
  }

  /** The fields of the head. */
  get headers(): Headers {
    return this.#headers ??= new Headers(mutable(this.#reader.head?.fields ?? []));
  }

  /** The fields of the head as they were sent: in their order, with their spelling. */
  get rawHeaders(): readonly (readonly [name: string, value: string])[] {
    return this.#reader.head?.fields ?? [];
  }

  /** The trailer fields after a chunked body. */
  get trailers(): Headers {
    return new Headers(mutable(this.#reader.trailers));
  }

  /** The body, without framing. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes ??= joinBytes(this.#reader.body);
  }

  /** The body as text, from UTF-8. */
  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  /** All bytes of the response, with the informational ones before it, as the socket carried them. */
  get raw(): Uint8Array<ArrayBuffer> {
    return joinBytes(this.#reader.raw);
  }

  /**
   * Reads the body as JSON.
   *
   * @returns The value.
   * @throws A `SyntaxError` that quotes the body, if that is no JSON.
   */
  // deno-lint-ignore no-explicit-any
  json(): any {
    const { status, reason, text } = this;
    try {
      return JSON.parse(text);
    } catch (cause) {
      const quoted = JSON.stringify(text.slice(0, MAX_QUOTED));
      const rest = text.length > MAX_QUOTED ? ` and ${text.length - MAX_QUOTED} more` : "";
      const message = `The body of the response ${status} ${reason} is no JSON: ${quoted}${rest}`;
      throw new SyntaxError(message, { cause });
    }
  }
}

/** The error of a response that ended before it was whole. */
export class TruncatedResponse extends Error {
  /** `TruncatedResponse`. */
  override readonly name = "TruncatedResponse";
  /** The part that has come. */
  readonly response: TestResponse;

  /**
   * Makes the error.
   *
   * @param name The response, such as `the response to GET /`.
   * @param response The part that has come.
   */
  constructor(name: string, response: TestResponse) {
    const place = response.status === 0 ? "before" : "in the middle of";
    super(`The server ended the connection ${place} ${name}`);
    this.response = response;
  }
}
