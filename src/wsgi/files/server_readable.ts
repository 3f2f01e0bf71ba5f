/**
 * A response body that knows whether the server itself reads it.
 *
 * If no middleware lies in between, the server recognises this class, and iterates over
 * {@linkcode ServerReadable.blocksFor}. Then no other code can hold a block of the body: once the
 * socket has sent a block, the body may fill its memory again. Behind a middleware the body is a
 * plain iterable.
 *
 * `staticFiles` and other middleware make such bodies, and the app run calls them.
 *
 * @module
 */

import { checkFunction } from "../../coroutine/internal.ts";
import type { AppYield } from "../block.ts";

/** The server's side of a body that the server itself reads. */
export interface BodyReader {
  /**
   * Adds `Content-Length` to the response, if the app has not and the status allows it.
   *
   * @param length The length of the whole body in bytes.
   */
  announceLength(length: number): void;
  /** Whether the response has a body: not for HEAD, 204 and 304. */
  hasBody(): boolean;
  /** Whether the socket has sent every block so far, so that their memory may be used again. */
  allSent(): boolean;
  /** Whether a `startResponse` is that of the server itself, and not one that a middleware has put in its place. */
  isOwn?(startResponse: unknown): boolean;
}

/** Reads a body; `reader` is missing if another iterable or middleware reads it. */
type Read<B> = (reader?: BodyReader) => Generator<B, void, unknown>;

/**
 * A response body whose generator knows whether the server itself reads it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ServerReadable } from "@x/cogen-wsgi/wsgi";
 *
 * const body = new ServerReadable(function* (reader) {
 *   yield reader === undefined ? "read by another iterable" : "read by the server";
 * });
 * assertEquals([...body], ["read by another iterable"]);
 * ```
 */
export class ServerReadable<B = AppYield> implements Iterable<B, void, unknown> {
  readonly #read: Read<B>;

  /**
   * Wraps a generator function.
   *
   * @param read Reads the body. It is called with a {@linkcode BodyReader} by the server, and without
   *   one by any other code.
   * @throws {TypeError} If the argument is no function.
   */
  constructor(read: Read<B>) {
    checkFunction("read of ServerReadable", read);
    this.#read = read;
  }

  /**
   * Reads the body for any code except the server.
   *
   * @returns The blocks and waits.
   */
  [Symbol.iterator](): Generator<B, void, unknown> {
    return this.#read();
  }

  /**
   * Reads the body for the server.
   *
   * @param reader The server's side.
   * @returns The blocks and waits.
   */
  blocksFor(reader: BodyReader): Generator<B, void, unknown> {
    return this.#read(reader);
  }
}
