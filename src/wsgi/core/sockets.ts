/**
 * `environ.cogen.core.sockets`: the operations of sockets, in cogen's style.
 *
 * Each call plans its operation and returns `""`, as in {@linkcode Events}. Names as in `cogen.core.sockets`.
 *
 * @module
 */

import {
  Accept,
  Connect,
  readline,
  readlines,
  Recv,
  RecvAll,
  Send,
  SendAll,
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
  Accept(...args: Parameters<typeof Accept>): "" {
    return this.#cogen.plan(Accept(...args));
  }

  /** Opens a connection; `environ.cogen.result` is its stream, or the error. */
  Connect(...args: Parameters<typeof Connect>): "" {
    return this.#cogen.plan(Connect(...args));
  }

  /** Reads at most `count` bytes; `environ.cogen.result` is the bytes, none at the end, or the error. */
  Recv(...args: Parameters<typeof Recv>): "" {
    return this.#cogen.plan(Recv(...args));
  }

  /** Reads exactly `count` bytes; `environ.cogen.result` is the bytes, or the error. */
  RecvAll(...args: Parameters<typeof RecvAll>): "" {
    return this.#cogen.plan(RecvAll(...args));
  }

  /** Reads a line of at most `limit` bytes; `environ.cogen.result` is the line, or the error. */
  readline(...args: Parameters<typeof readline>): "" {
    return this.#cogen.plan(readline(...args));
  }

  /** Reads all lines; `environ.cogen.result` is an array of them, or the error. */
  readlines(...args: Parameters<typeof readlines>): "" {
    return this.#cogen.plan(readlines(...args));
  }

  /** Sends bytes, or latin-1 text; `environ.cogen.result` is `undefined`, or the error. */
  Send(...args: Parameters<typeof Send>): "" {
    return this.#cogen.plan(Send(...args));
  }

  /** Sends, and waits for room for more; `environ.cogen.result` is `undefined`, or the error. */
  SendAll(...args: Parameters<typeof SendAll>): "" {
    return this.#cogen.plan(SendAll(...args));
  }
}
