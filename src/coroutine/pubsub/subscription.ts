/**
 * What a subscription may ask for, and how it may be lost.
 *
 * @module
 */

import type { Duration } from "../duration.ts";
import type { TimeoutOptions } from "../timed_operation.ts";

/**
 * What happens to a message when the queue is full and the oldest message has not been read by all.
 *
 * - `wait`: whoever publishes waits for the slowest subscriber. Nothing is lost.
 * - `drop-oldest`: the oldest message goes; those who have not read it miss it.
 * - `drop-newest`: the message is not taken in; `publish` gives -1.
 * - `disconnect`: the oldest message goes, and those who have not read it are no longer subscribed.
 */
export type SlowConsumerPolicy = "wait" | "drop-oldest" | "drop-newest" | "disconnect";

/** Options of {@linkcode PublishSubscribeQueue}. */
export interface PublishSubscribeOptions {
  /**
   * How many messages are kept at most, read ones included. Default: any number, until `compact`.
   */
  readonly capacity?: number;
  /** What happens when it is full. Default `wait`. */
  readonly slowConsumer?: SlowConsumerPolicy;
  /**
   * After how long without a `fetch` a subscriber counts as gone. Default: never; a coroutine that
   * subscribed without a key is gone when it ends.
   */
  readonly lease?: Duration;
}

/** Options of {@linkcode PublishSubscribeQueue.subscribe}. */
export interface SubscribeOptions {
  /**
   * The index of the first message to get. Default: the oldest that is kept. An index that is too low
   * or too high stands for the oldest message, or for the next one to come.
   */
  readonly from?: number;
}

/** Options of {@linkcode PublishSubscribeQueue.fetch}. */
export interface FetchOptions extends TimeoutOptions, SubscribeOptions {
  /** How many messages at most. Default: all there are. */
  readonly limit?: number;
}

/** A fetch without a subscription: never made, ended, or lost for slowness or at the end of a lease. */
export class NotSubscribed extends Error {
  /** `NotSubscribed`. */
  override readonly name = "NotSubscribed";
}
