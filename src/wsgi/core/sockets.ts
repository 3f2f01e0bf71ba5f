/**
 * `environ.cogen.core.sockets`: the operations of sockets, in cogen's style.
 *
 * Each call plans its operation and returns `""`, as in {@linkcode Events}. Names as in `cogen.core.sockets`.
 *
 * @module
 */

import {
  Accept,
  type Acceptor,
  Connect,
  type Dial,
  readline,
  readlines,
  Recv,
  RecvAll,
  Send,
  SendAll,
  type SocketStream,
  type TimeoutOptions,
} from "../../coroutine/mod.ts";
import type { Planner } from "../waiting.ts";

/** The operations of sockets of one request's app, each to be yielded. */
export class Sockets {
  readonly #cogen: Planner;

  /**
   * @param cogen Keeps each operation until the server performs it.
   * @ignore
   */
  constructor(cogen: Planner) {
    this.#cogen = cogen;
  }

  /** Waits for the next connection; `environ.cogen.result` is its stream, or the error. */
  Accept(acceptor: Acceptor, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(Accept(acceptor, options));
  }

  /** Opens a connection; `environ.cogen.result` is its stream, or the error. */
  Connect(dial: Dial, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(Connect(dial, options));
  }

  /** Reads at most `count` bytes; `environ.cogen.result` is the bytes, none at the end, or the error. */
  Recv(stream: SocketStream, count?: number, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(Recv(stream, count, options));
  }

  /** Reads exactly `count` bytes; `environ.cogen.result` is the bytes, or the error. */
  RecvAll(stream: SocketStream, count: number, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(RecvAll(stream, count, options));
  }

  /** Reads a line of at most `limit` bytes; `environ.cogen.result` is the line, or the error. */
  readline(stream: SocketStream, limit?: number, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(readline(stream, limit, options));
  }

  /** Reads all lines; `environ.cogen.result` is an array of them, or the error. */
  readlines(stream: SocketStream, limit?: number, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(readlines(stream, limit, options));
  }

  /** Sends bytes, or latin-1 text; `environ.cogen.result` is `undefined`, or the error. */
  Send(stream: SocketStream, bytes: Uint8Array | string, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(Send(stream, bytes, options));
  }

  /** Sends, and waits for room for more; `environ.cogen.result` is `undefined`, or the error. */
  SendAll(stream: SocketStream, bytes: Uint8Array | string, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(SendAll(stream, bytes, options));
  }
}
