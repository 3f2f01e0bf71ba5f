/**
 * A response's body in its framing: for each block what goes to the socket, and what is wrong with it.
 */

import { ResponseError } from "../errors.ts";
import type { ResponseFraming } from "./response_framing.ts";

/**
 * Where the bytes of a response go: bytes as they are, or a string of latin-1 characters.
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
  #remaining: number;

  constructor(framing: ResponseFraming) {
    this.#framing = framing;
    this.#remaining = framing.kind === "length" ? framing.length : 0;
  }

  /** Whether only the end of the connection tells the client that it has all of the body. */
  get untilClose(): boolean {
    return this.#framing.kind === "close";
  }

  /** Writes a block; of one that is too long what fits, and then it is an error. */
  data(block: Uint8Array | string, sink: ByteSink): void {
    // An empty chunk would be the last one.
    if (block.length === 0) return;
    switch (this.#framing.kind) {
      case "none":
        return;
      case "close":
        return sink(block);
      case "length":
        return this.#dataOfLength(block, sink);
      case "chunked":
        return dataOfChunk(block, sink);
    }
  }

  /** Ends the body; `trailers` is their text, sent where the framing has a place for it. */
  end(sink: ByteSink, trailers: string): void {
    if (this.#framing.kind === "chunked") sink(`0\r\n${trailers}\r\n`);
    if (this.#remaining === 0) return;
    throw new ResponseError(`Body too short: ${this.#remaining} bytes less than Content-Length`);
  }

  #dataOfLength(block: Uint8Array | string, sink: ByteSink): void {
    const surplus = block.length - this.#remaining;
    if (surplus <= 0) {
      this.#remaining -= block.length;
      return sink(block);
    }
    const fitting = this.#remaining;
    this.#remaining = 0;
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
