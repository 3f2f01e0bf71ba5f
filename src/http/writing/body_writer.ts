/**
 * The writer of a response's body. It makes framed bytes of blocks, and checks the length.
 *
 *     chunk        = chunk-size CRLF chunk-data CRLF
 *     last-chunk   = "0" CRLF
 *
 * A response with Content-Length never has more bytes than announced: the writer sends the bytes
 * that fit, and throws an error about the surplus. Strings are latin-1, so their length is their
 * number of bytes.
 *
 * `response_writer.ts` calls this.
 *
 * @module
 */

import { ResponseError } from "../errors.ts";
import type { ResponseFraming } from "./response_framing.ts";

/**
 * A function that takes the bytes of a response in order. A string stands for its latin-1 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type ByteSink, ResponseWriter } from "@x/cogen-wsgi/http";
 *
 * const parts: (Uint8Array | string)[] = [];
 * const sink: ByteSink = (part) => parts.push(part);
 * const context = { method: "GET", minorVersion: 1, keepAlive: true, protocol: "HTTP/1.1" } as const;
 * const writer = new ResponseWriter(context);
 * writer.head("200 OK", []);
 * writer.data("hi", sink);
 * writer.end(sink);
 * assertEquals(parts.join(""), "2\r\nhi\r\n0\r\n\r\n");
 * ```
 */
export type ByteSink = (part: Uint8Array | string) => void;

/** Writes one body. */
export class BodyWriter {
  readonly #framing: ResponseFraming;
  /** The number of bytes that are missing to Content-Length; 0 with other framings. */
  #remaining: number;
  #bytes = 0;

  /** @param length The length of the whole body, if it is known. */
  constructor(framing: ResponseFraming, length: number | undefined) {
    this.#framing = framing;
    this.#remaining = framing === "length" ? length ?? 0 : 0;
  }

  /** Whether the end of the connection is the end of the body. */
  get untilClose(): boolean {
    return this.#framing === "close";
  }

  /** The number of bytes of the body so far, without the framing of chunks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether bytes are missing to Content-Length. */
  get isShort(): boolean {
    return this.#remaining > 0;
  }

  /**
   * Writes a block.
   *
   * @throws {ResponseError} If the block exceeds Content-Length, after the bytes that fit are sent.
   */
  data(block: Uint8Array | string, sink: ByteSink): void {
    // A chunk of size 0 would end the body.
    if (block.length === 0) return;
    switch (this.#framing) {
      case "none":
        return;
      case "close":
        this.#bytes += block.length;
        return sink(block);
      case "length":
        return this.#dataOfLength(block, sink);
      case "chunked":
        this.#bytes += block.length;
        return dataOfChunk(block, sink);
    }
  }

  /**
   * Ends the body.
   *
   * @param trailers The field lines of the trailers. Only a chunked body has a place for them.
   * @throws {ResponseError} If the body is shorter than Content-Length.
   */
  end(sink: ByteSink, trailers: string): void {
    if (this.#framing === "chunked") sink(`0\r\n${trailers}\r\n`);
    if (this.#remaining === 0) return;
    throw new ResponseError(`Body too short: ${this.#remaining} bytes less than Content-Length`);
  }

  #dataOfLength(block: Uint8Array | string, sink: ByteSink): void {
    const surplus = block.length - this.#remaining;
    if (surplus <= 0) {
      this.#remaining -= block.length;
      this.#bytes += block.length;
      return sink(block);
    }
    const fitting = this.#remaining;
    this.#remaining = 0;
    this.#bytes += fitting;
    if (fitting > 0) {
      sink(typeof block === "string" ? block.slice(0, fitting) : block.subarray(0, fitting));
    }
    throw new ResponseError(`Body too long: ${surplus} bytes more than Content-Length`);
  }
}

function dataOfChunk(block: Uint8Array | string, sink: ByteSink): void {
  const size = block.length.toString(16);
  if (typeof block === "string") return sink(`${size}\r\n${block}\r\n`);
  sink(`${size}\r\n`);
  sink(block);
  sink("\r\n");
}
