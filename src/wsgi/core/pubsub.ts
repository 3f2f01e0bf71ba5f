/**
 * `environ.cogen.core.pubsub`: the waits of a `PublishSubscribeQueue`, in cogen's style.
 *
 * Each call takes the queue as its first argument, as the calls of {@linkcode Queues} do. It plans its
 * operation and returns `""`.
 *
 * The trap: without a key, the subscriber is the coroutine that performs the operation, which is that of the
 * request.
 *
 * @module
 */

import type {
  FetchOptions,
  PublishSubscribeQueue,
  SubscribeOptions,
  TimeoutOptions,
} from "../../coroutine/mod.ts";
import type { Planner } from "../waiting.ts";

/** The operations of publish/subscribe of one request's app, each to be yielded. */
export class PubSub {
  readonly #cogen: Planner;

  /**
   * @param cogen Keeps each operation until the server performs it.
   * @ignore
   */
  constructor(cogen: Planner) {
    this.#cogen = cogen;
  }

  /** Publishes a message; `environ.cogen.result` is its index, or the error. */
  publish<T>(queue: PublishSubscribeQueue<T>, message: T, options: TimeoutOptions = {}): "" {
    return this.#cogen.plan(queue.publish(message, options));
  }

  /** Subscribes; `environ.cogen.result` is `undefined`, or the error. */
  subscribe(
    queue: PublishSubscribeQueue<unknown>,
    key?: unknown,
    options: SubscribeOptions = {},
  ): "" {
    return this.#cogen.plan(queue.subscribe(key, options));
  }

  /** Ends a subscription; `environ.cogen.result` tells whether there was one. */
  unsubscribe(queue: PublishSubscribeQueue<unknown>, key?: unknown): "" {
    return this.#cogen.plan(queue.unsubscribe(key));
  }

  /** Waits for messages; `environ.cogen.result` is an array of them, or the error. */
  fetch(queue: PublishSubscribeQueue<unknown>, key?: unknown, options: FetchOptions = {}): "" {
    return this.#cogen.plan(queue.fetch(key, options));
  }
}
