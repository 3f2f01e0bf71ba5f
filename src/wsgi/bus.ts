/**
 * The contract of a bus: signals, topics and queues beyond one process.
 *
 * The engine only hands a bus to apps, as `environ.cogen.bus`; the room `./bus` implements it. The interfaces
 * stand here, so that neither the engine nor the rooms for events and WebSockets import that room.
 *
 * A bus that `openBus` gives has plain operations; that of a request has operations that know the request.
 * One set of interfaces describes both: the parameter `K` names the kind.
 *
 * @module
 */

import type { Duration, Operation, TimeoutOptions } from "../coroutine/mod.ts";
import type { BoundOperation, Waiter } from "./waiting.ts";

/** The operations of a bus, by kind: plain ones, and those that know a request. */
export interface BusOperations<T> {
  /** For any coroutine; in an app, through `environ.cogen.wait` or `.run`. */
  readonly plain: Operation<T>;
  /** For the app of one request: `yield*` passes through middleware. */
  readonly bound: BoundOperation<T>;
}

/** The kind of the operations of a bus. */
export type BusKind = keyof BusOperations<unknown>;

/** A place in a topic: after the message with this offset, in the log with this epoch. */
export interface BusPosition {
  /** The name of the log. A log that begins anew, such as that of a broker without a disk, has another one. */
  readonly epoch: string;
  /** Grows with each message; there may be numbers that no message has. */
  readonly offset: number;
}

/** A message of a topic, with its own position. */
export interface TopicMessage<T> extends BusPosition {
  /** `message`. */
  readonly kind: "message";
  /** The value: a copy for this subscription alone. */
  readonly value: T;
}

/**
 * Tells that messages may be missing here. The subscription goes on after the position.
 *
 * - `lost`: the log has dropped messages before the subscription has read them, or the broker has lost them.
 * - `epoch`: the log has begun anew.
 * - `unreadable`: one message has a newer schema, or was not written by a bus.
 */
export interface TopicGap extends BusPosition {
  /** `gap`. */
  readonly kind: "gap";
  /** The cause. */
  readonly reason: "lost" | "epoch" | "unreadable";
}

/** The next item of a subscription. */
export type TopicItem<T> = TopicMessage<T> | TopicGap;

/** Options of {@linkcode BusTopicOf.subscribe}. */
export interface TopicSubscribeOptions {
  /**
   * The place to begin: `end` for the messages from now on, `start` for all that the log still has, or the
   * position of the last message that was read. Default: `end`.
   */
  readonly after?: BusPosition | "start" | "end";
}

/** The messages of one subscriber. One coroutine may receive at a time. */
export interface TopicSubscriptionOf<T, K extends BusKind> {
  /** The position of the last item that was received, or that of the beginning. */
  readonly position: BusPosition;
  /**
   * Waits for the next message, or for the news of a gap. A wait that is aborted loses no message.
   *
   * @throws {BusClosed} At the `yield`, if the bus or the subscription is closed.
   */
  receive(): BusOperations<TopicItem<T>>[K];
  /** Ends the subscription. */
  close(): void;
}

/** The messages that a topic has. */
export interface TopicHistory<T> {
  /** The latest messages, oldest first. */
  readonly messages: readonly TopicMessage<T>[];
  /** The position after them: a subscription after it goes on without a gap. */
  readonly position: BusPosition;
}

/** A topic: each subscriber gets each message once, in order, or is told of a gap. */
export interface BusTopicOf<T, K extends BusKind> {
  /** The name of the topic. */
  readonly name: string;
  /**
   * Publishes a value. The operation waits until the broker has it.
   *
   * @param value A JSON value, or a `Uint8Array`.
   * @returns An operation that gives the position of the message.
   * @throws {TypeError} If the value is neither.
   * @throws {RangeError} If the value is too large.
   * @throws {BusUnavailable} At the `yield`, if the broker has not confirmed the message in time. It may
   *   still arrive.
   */
  publish(value: T): BusOperations<BusPosition>[K];
  /**
   * Publishes a value without waiting. A later failure goes to the option `onError` of the bus.
   *
   * @param value A JSON value, or a `Uint8Array`.
   * @throws {TypeError} If the value is neither.
   * @throws {RangeError} If the value is too large.
   * @throws {BusFull} If too much waits for the broker already.
   */
  publishNowait(value: T): void;
  /**
   * Subscribes. The operation waits until the broker has told the position.
   *
   * @param options The place to begin.
   * @returns An operation that gives the subscription.
   */
  subscribe(options?: TopicSubscribeOptions): BusOperations<TopicSubscriptionOf<T, K>>[K];
  /**
   * Reads the messages that the topic has.
   *
   * @param count The largest number of messages.
   * @returns An operation that gives the latest messages, and the position after them.
   * @throws {RangeError} If the number is no whole number from 1.
   */
  history(count: number): BusOperations<TopicHistory<T>>[K];
}

/** Options of a queue. Every process should use the same ones. */
export interface BusQueueOptions {
  /** The time after which a job that is not acknowledged is delivered again. Default: 30 s. */
  readonly lease?: Duration;
  /** The number of deliveries after which a job becomes a dead letter. Default: 5. */
  readonly maxDeliveries?: number;
}

/** A job of a queue. It is delivered again, unless it is acknowledged within its lease. */
export interface BusJobOf<T, K extends BusKind> {
  /** The value. */
  readonly value: T;
  /** The number of this delivery: 1 for the first. */
  readonly delivery: number;
  /**
   * Takes the job off the queue: it is done.
   *
   * @returns An operation that gives `false` if the lease had ended, so that the job may be done twice.
   */
  acknowledge(): BusOperations<boolean>[K];
  /**
   * Gives the job back, for another delivery.
   *
   * @param delay The time until then. Default: none.
   * @returns An operation that gives `false` if the lease had ended.
   */
  release(delay?: Duration): BusOperations<boolean>[K];
  /**
   * Begins the lease anew, for a job that takes long.
   *
   * @returns An operation that gives `false` if the lease had ended.
   */
  extend(): BusOperations<boolean>[K];
}

/** A queue: each job goes to one taker, at least once. */
export interface BusQueueOf<T, K extends BusKind> {
  /** The name of the queue. */
  readonly name: string;
  /** The jobs that were delivered too often, as a topic of their values. */
  readonly deadLetters: BusTopicOf<T, K>;
  /**
   * Puts a job into the queue. The operation waits until the broker has it.
   *
   * @param value A JSON value, or a `Uint8Array`.
   * @throws {TypeError} If the value is neither.
   * @throws {RangeError} If the value is too large.
   * @throws {BusFull} At the `yield`, if the queue is full.
   * @throws {BusUnavailable} At the `yield`, if the broker has not confirmed the job in time.
   */
  put(value: T): BusOperations<void>[K];
  /** Waits for a job. A wait that is aborted loses no job. */
  take(): BusOperations<BusJobOf<T, K>>[K];
}

/** Signals, topics and queues beyond one process. */
export interface BusOf<K extends BusKind> {
  /**
   * Wakes all coroutines that wait for a signal, in all processes.
   *
   * @param name The name: a text of at most 80 bytes in UTF-8.
   * @param value A JSON value, or a `Uint8Array`. Default: `null`.
   * @returns An operation that gives the number of coroutines that were woken; `undefined` if the broker
   *   cannot tell.
   */
  signal(name: string, value?: unknown): BusOperations<number | undefined>[K];
  /**
   * Waits for a signal from any process.
   *
   * @param name The name.
   * @param options `timeout`, `weakTimeout`, `priority`.
   * @returns An operation that gives the value of the signal.
   * @throws {BusGap} At the `yield`, if the broker may have lost signals meanwhile.
   */
  waitForSignal<T = unknown>(name: string, options?: TimeoutOptions): BusOperations<T>[K];
  /**
   * Gives a topic. It need not be made first.
   *
   * @param name The name: a text of at most 80 bytes in UTF-8.
   */
  topic<T = unknown>(name: string): BusTopicOf<T, K>;
  /**
   * Gives a queue. It need not be made first.
   *
   * @param name The name: a text of at most 80 bytes in UTF-8.
   * @param options The lease, and the number of deliveries.
   */
  queue<T = unknown>(name: string, options?: BusQueueOptions): BusQueueOf<T, K>;
}

/** The bus of one request: `environ.cogen.bus`. */
export type RequestBus = BusOf<"bound">;

/** A bus that a server can give to its apps: that of `openBus`. */
export interface ServedBus extends BusOf<"plain"> {
  /** Runs an operation in async code without a request, and gives its value. */
  run<T>(operation: Operation<T>): Promise<T>;
  /** Gives the same bus with operations that know a request. */
  bind(waiter: Pick<Waiter, "wait">): RequestBus;
}
