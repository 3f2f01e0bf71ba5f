/**
 * `environ.cogen.core.queue`: the waits of a `Queue`, in cogen's style.
 *
 * Requests share a queue, and a planned operation belongs to one request. So each call takes the queue as its
 * first argument. A call plans its operation and returns `""`, as in {@linkcode Events}.
 *
 * @module
 */

import { optionError, Queue } from "../../coroutine/mod.ts";
import type { Planner } from "../waiting.ts";

/** The operations of queues of one request's app, each to be yielded. */
export class Queues {
  readonly #cogen: Planner;

  /**
   * @param cogen Keeps each operation until the server performs it.
   * @ignore
   */
  constructor(cogen: Planner) {
    this.#cogen = cogen;
  }

  /** Puts an item in, as soon as there is room; `environ.cogen.result` is `undefined`, or the error. */
  put<T>(queue: Queue<T>, ...args: Parameters<Queue<T>["put"]>): "" {
    return this.#cogen.plan(checked(queue).put(...args));
  }

  /** Takes the next item; `environ.cogen.result` is the item, or the error. */
  get(queue: Queue<unknown>, ...args: Parameters<Queue<unknown>["get"]>): "" {
    return this.#cogen.plan(checked(queue).get(...args));
  }

  /** Waits until all items are done; `environ.cogen.result` is `undefined`, or the error. */
  join(queue: Queue<unknown>, ...args: Parameters<Queue<unknown>["join"]>): "" {
    return this.#cogen.plan(checked(queue).join(...args));
  }
}

function checked<T>(queue: Queue<T>): Queue<T> {
  if (queue instanceof Queue) return queue;
  throw optionError("The first argument", queue, "a Queue");
}
