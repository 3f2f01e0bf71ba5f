/**
 * `wsgi.input` and `environ.cogen.input`: reading the request body, in both styles.
 *
 * Both inputs read from the same {@linkcode BodyBuffer}; they differ in how the app waits.
 *
 * @module
 */

import { handleRejection } from "../../coroutine/internal.ts";
import { refuseSurplus, type TimeoutOptions } from "../../coroutine/mod.ts";
import type { HeaderList } from "../block.ts";
import type { Binding, BoundOperation, Planner, Waiter } from "../waiting.ts";
import type { BodyBuffer } from "./body_buffer.ts";

/**
 * `environ["wsgi.input"]`: the request body, read with `yield*`, or iterated in an async app.
 *
 * The input ends where the body ends, with any framing, and never reads bytes of the next request.
 * Reads throw `ClientDisconnected` if the client disconnects before the body is complete.
 */
export class WSGIInput implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #body: BodyBuffer;
  readonly #cogen: Waiter & Binding;

  /**
   * @param body The body of the request.
   * @param cogen The request that the reads belong to.
   * @ignore
   */
  constructor(body: BodyBuffer, cogen: Waiter & Binding) {
    this.#body = body;
    this.#cogen = cogen;
  }

  /**
   * Reads `size` bytes, fewer only at the end of the body; without `size`, or with -1, all that is
   * left. A read that is aborted, such as the loser of a `race`, takes no bytes.
   *
   * @throws {TypeError} If `size` is no number.
   * @throws {RangeError} If `size` is not a whole number, -1 or more.
   */
  read(
    size?: number | null,
    options?: TimeoutOptions,
  ): BoundOperation<Uint8Array<ArrayBuffer>> {
    if (arguments.length > 2) refuseSurplus("wsgi.input.read", arguments, 2);
    return this.#body.read(size, options, this.#cogen);
  }

  /** Reads a line with its newline, at most `limit` bytes of it; empty at the end of the body. */
  readline(
    limit?: number | null,
    options?: TimeoutOptions,
  ): BoundOperation<Uint8Array<ArrayBuffer>> {
    if (arguments.length > 2) refuseSurplus("wsgi.input.readline", arguments, 2);
    return this.#body.readLine(limit, options, this.#cogen);
  }

  /** Reads all lines, or lines until they have at least `hint` bytes. */
  readlines(
    hint?: number | null,
    options?: TimeoutOptions,
  ): BoundOperation<Uint8Array<ArrayBuffer>[]> {
    if (arguments.length > 2) refuseSurplus("wsgi.input.readlines", arguments, 2);
    return this.#body.readLines(hint, options, this.#cogen);
  }

  /**
   * The trailer fields that came after a chunked body (RFC 9110 §6.5), names in lower case; empty until
   * the body is read to its end. Fields of framing, routing and authentication are dropped.
   */
  get trailers(): HeaderList {
    const { trailers } = this.#body;
    const pairs: [string, string][] = [];
    for (let i = 0; i < trailers.length; i += 2) {
      pairs.push([trailers[i] as string, trailers[i + 1] as string]);
    }
    return pairs;
  }

  /**
   * Takes all that is left, without a wait: for a body that is sent on to a thread, or to a fetch handler.
   *
   * @param method The method of the input in the environ that reads the body otherwise: a middleware may have put
   *   another one in its place.
   * @returns `undefined` if it is another one, or if the body has not arrived whole or has more than `mostBytes`.
   * @ignore
   */
  takeWhole(method: unknown, mostBytes: number): Uint8Array<ArrayBuffer> | undefined {
    const { read, [Symbol.asyncIterator]: iterate } = WSGIInput.prototype;
    const isOwn = #body in this && (method === iterate || method === read);
    return isOwn ? this.#body.takeWhole(mostBytes) : undefined;
  }

  /** Iterates over the body in pieces as they arrive: `for await` in an async app. */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const pieces = this.#pieces();
    const { next } = pieces;
    // The client may leave at any time, also after the app has dropped the promise of a step.
    const handledNext = () => {
      const step = next.call(pieces);
      handleRejection(step);
      return step;
    };
    pieces.next = handledNext;
    return pieces;
  }

  async *#pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    for (;;) {
      const piece = await this.#cogen.run(this.#body.readPiece());
      if (piece.length === 0) return;
      yield piece;
    }
  }
}

/**
 * `environ.cogen.input`: the request body in cogen's style.
 *
 * Each call sets `environ.cogen.operation` and returns `""` to be yielded; the bytes are then in
 * `environ.cogen.result`.
 */
export class CogenInput {
  readonly #body: BodyBuffer;
  readonly #cogen: Planner;

  /**
   * @param body The body of the request.
   * @param cogen Keeps each read until the server performs it.
   * @ignore
   */
  constructor(body: BodyBuffer, cogen: Planner) {
    this.#body = body;
    this.#cogen = cogen;
  }

  /** Plans a {@linkcode WSGIInput.read}. */
  read(size?: number | null, options?: TimeoutOptions): "" {
    if (arguments.length > 2) refuseSurplus("environ.cogen.input.read", arguments, 2);
    return this.#cogen.plan(this.#body.read(size, options));
  }

  /** Plans a {@linkcode WSGIInput.readline}. */
  readline(limit?: number | null, options?: TimeoutOptions): "" {
    if (arguments.length > 2) refuseSurplus("environ.cogen.input.readline", arguments, 2);
    return this.#cogen.plan(this.#body.readLine(limit, options));
  }

  /** Plans a {@linkcode WSGIInput.readlines}. */
  readlines(hint?: number | null, options?: TimeoutOptions): "" {
    if (arguments.length > 2) refuseSurplus("environ.cogen.input.readlines", arguments, 2);
    return this.#cogen.plan(this.#body.readLines(hint, options));
  }
}
