/**
 * `environ.cogen.core.queue`: the waits of a `Queue`, in cogen's style.
 *
 * Requests share a queue, and a planned operation belongs to one request. So each call takes the queue as its
 * first argument. A call plans its operation and returns `""`, as in {@linkcode Events}.
 *
 * @module
 */

import type { Queue, TimeoutOptions } from "../../coroutine/mod.ts";
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
  put<T>(queue: Queue<T>, item: T, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(queue.put(item, options));
  }

  /** Takes the next item; `environ.cogen.result` is the item, or the error. */
  get(queue: Queue<unknown>, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(queue.get(options));
  }

  /** Waits until all items are done; `environ.cogen.result` is `undefined`, or the error. */
  join(queue: Queue<unknown>, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(queue.join(options));
  }
}
