/**
 * The public options and the error of subscriptions.
 *
 * @module
 */

import type { Duration } from "../duration.ts";
import type { TimeoutOptions } from "../timed_operation.ts";

/**
 * The policy for a new message while the queue is full and a subscriber has not read the oldest
 * message.
 *
 * - `wait`: `publish` waits for the slowest subscriber. No message is lost.
 * - `drop-oldest`: the queue drops the oldest message, also if subscribers have not read it.
 * - `drop-newest`: the queue refuses the new message; `publish` gives -1.
 * - `disconnect`: the queue drops the oldest message and ends the subscriptions that have not read
 *   it.
 */
export type SlowConsumerPolicy = "wait" | "drop-oldest" | "drop-newest" | "disconnect";

/** Options of {@linkcode PublishSubscribeQueue}. */
export interface PublishSubscribeOptions {
  /**
   * The largest number of messages that the queue keeps, read ones included. Default: any number,
   * until `compact`.
   */
  readonly capacity?: number;
  /** The policy while the queue is full. Default `wait`. */
  readonly slowConsumer?: SlowConsumerPolicy;
  /**
   * The time without a `fetch` after which a subscription ends. Default: no limit. The subscription
   * of a coroutine that subscribed without a key ends with the coroutine.
   */
  readonly lease?: Duration;
}

/** Options of {@linkcode PublishSubscribeQueue.subscribe}. */
export interface SubscribeOptions {
  /**
   * The index of the first message to get. Default: the oldest message that the queue keeps. A
   * lower index stands for the oldest message, a higher one for the next message to be published.
   */
  readonly from?: number;
}

/** Options of {@linkcode PublishSubscribeQueue.fetch}. */
export interface FetchOptions extends TimeoutOptions, SubscribeOptions {
  /** The largest number of messages to get. Default: all unread messages. */
  readonly limit?: number;
}

/**
 * A fetch without a subscription: it was never made or has ended, possibly because of slow reading
 * or an expired lease.
 */
export class NotSubscribed extends Error {
  /** `NotSubscribed`. */
  override readonly name = "NotSubscribed";
}
