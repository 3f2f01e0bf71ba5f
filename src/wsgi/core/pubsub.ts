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

import { optionError, PublishSubscribeQueue } from "../../coroutine/mod.ts";
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
  publish<T>(
    queue: PublishSubscribeQueue<T>,
    ...args: Parameters<PublishSubscribeQueue<T>["publish"]>
  ): "" {
    return this.#cogen.plan(checked(queue).publish(...args));
  }

  /** Subscribes; `environ.cogen.result` is `undefined`, or the error. */
  subscribe(
    queue: PublishSubscribeQueue<unknown>,
    ...args: Parameters<PublishSubscribeQueue<unknown>["subscribe"]>
  ): "" {
    return this.#cogen.plan(checked(queue).subscribe(...args));
  }

  /** Ends a subscription; `environ.cogen.result` tells whether there was one. */
  unsubscribe(
    queue: PublishSubscribeQueue<unknown>,
    ...args: Parameters<PublishSubscribeQueue<unknown>["unsubscribe"]>
  ): "" {
    return this.#cogen.plan(checked(queue).unsubscribe(...args));
  }

  /** Waits for messages; `environ.cogen.result` is an array of them, or the error. */
  fetch(
    queue: PublishSubscribeQueue<unknown>,
    ...args: Parameters<PublishSubscribeQueue<unknown>["fetch"]>
  ): "" {
    return this.#cogen.plan(checked(queue).fetch(...args));
  }
}

function checked<T>(queue: PublishSubscribeQueue<T>): PublishSubscribeQueue<T> {
  if (queue instanceof PublishSubscribeQueue) return queue;
  throw optionError("The first argument", queue, "a PublishSubscribeQueue");
}
