/**
 * The state of a publish/subscribe queue: its messages, its subscribers, and the waiting
 * operations.
 *
 * A pending fetch means that its subscriber has read all messages; a new message completes all
 * pending fetches at once. A publisher waits only while the log is full and the slowest subscriber
 * has not read the oldest message. After each read, and after each end of a subscription, the
 * publishers that now have room go on.
 *
 * Expired leases are removed at the next call. The trap: while a publisher waits, there may be no
 * next call, so a timer removes them.
 *
 * `PublishSubscribeQueue` calls this.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { toMilliseconds } from "../duration.ts";
import { MessageLog } from "./message_log.ts";
import { optionError, showValue } from "../option_checks.ts";
import type { Abort, Resume } from "../operation.ts";
import { requireOneOrMore } from "../operations/counts.ts";
import { Full, queueClosed } from "../operations/queue_errors.ts";
import { type Subscriber, Subscribers } from "./subscribers.ts";
import {
  type FetchOptions,
  NotSubscribed,
  type PublishSubscribeOptions,
  type SlowConsumerPolicy,
} from "./subscription.ts";
import { Waiters } from "../kernel/waiters.ts";

/** Messages, subscribers, and the waiting `publish` and `fetch` operations. */
export class Broadcast<T> {
  readonly log: MessageLog<T> = new MessageLog();
  readonly fetchers: Waiters<T[], Subscriber<T>> = new Waiters();
  readonly publishers: Waiters<number, T> = new Waiters();
  readonly subscribers: Subscribers<T>;
  readonly #capacity: number;
  readonly #policy: SlowConsumerPolicy;
  /** Cancels the timer for the next expiry. It is set only while a publisher waits. */
  #cancelExpiryTimer: (() => void) | undefined;
  #closed = false;

  constructor(options: PublishSubscribeOptions) {
    const { capacity = Infinity, lease = Infinity } = options;
    this.#capacity = capacity;
    requireOneOrMore("keep", this.#capacity, "messages");
    this.#policy = checkedPolicy(options.slowConsumer);
    this.subscribers = new Subscribers(toMilliseconds(lease, "lease"));
  }

  publishNowait(message: T): number {
    this.#throwIfClosed();
    if (this.publishers.size === 0 && this.#tryMakeRoom()) return this.#append(message);
    if (this.#policy === "drop-newest") return -1;
    throw new Full(`The queue holds ${this.#capacity} messages, and not all have been read`);
  }

  compact(): number {
    this.#removeExpired();
    const { first } = this.log;
    while (this.log.size > 0 && this.log.cursorsAtFirst === 0) this.log.dropFirst(false);
    return this.log.first - first;
  }

  close(): void {
    this.#closed = true;
    this.publishers.failAll(queueClosed);
    for (const { resume, payload } of this.fetchers.drain()) {
      this.#endFetch(payload);
      resume.error(queueClosed());
    }
    this.#disarmExpiryTimer();
  }

  /** Starts a `publish` operation. */
  publish(message: T, resume: Resume<number>): Abort | void {
    this.#throwIfClosed();
    if (this.publishers.size === 0 && this.#tryMakeRoom()) {
      return resume.value(this.#append(message));
    }
    if (this.#policy === "drop-newest") return resume.value(-1);
    const leave = this.publishers.add(resume, message);
    this.#armExpiryTimer(resume.scheduler.clock);
    return () => {
      leave();
      if (this.publishers.size === 0) this.#disarmExpiryTimer();
    };
  }

  /** Starts a `fetch` operation. */
  fetch(key: unknown, options: FetchOptions, resume: Resume<T[]>): Abort | void {
    const { limit = Infinity } = options;
    requireOneOrMore("fetch", limit, "messages");
    this.#removeExpired();
    const subscriber = this.#requireSubscriber(key);
    if (subscriber.pendingFetch !== undefined) {
      throw new TypeError("Cannot fetch: the same subscriber is fetching already");
    }
    if (options.from !== undefined) this.#moveCursor(subscriber, this.#clampIndex(options.from));
    const index = this.position(subscriber);
    if (index < this.log.next) {
      const messages = this.log.read(index, limit);
      this.subscribers.renewLease(subscriber);
      this.#moveCursor(subscriber, index + messages.length);
      return resume.value(messages);
    }
    this.#throwIfClosed();
    subscriber.pendingFetch = { resume, leave: this.fetchers.add(resume, subscriber) };
    this.subscribers.suspendLease(subscriber);
    return () => this.#endFetch(subscriber);
  }

  /** Ends the wait of a pending fetch, and starts the lease anew. */
  #endFetch(subscriber: Subscriber<T>): void {
    subscriber.pendingFetch?.leave();
    subscriber.pendingFetch = undefined;
    this.subscribers.renewLease(subscriber);
  }

  /** Appends a message, and completes all pending fetches with it. */
  #append(message: T): number {
    const index = this.log.append(message);
    for (const { resume, payload: subscriber } of this.fetchers.drain()) {
      if (resume.settled) continue;
      this.#endFetch(subscriber);
      this.log.removeCursor(index);
      this.log.addCursor(subscriber.index = index + 1);
      resume.value([message]);
    }
    return index;
  }

  /** Makes room for one message if the policy allows it, and returns whether there is room. */
  #tryMakeRoom(): boolean {
    this.#removeExpired();
    while (this.log.size >= this.#capacity) {
      const unread = this.log.cursorsAtFirst > 0;
      if (unread && (this.#policy === "wait" || this.#policy === "drop-newest")) return false;
      this.log.dropFirst(this.#policy === "drop-oldest");
    }
    return true;
  }

  /** Appends the messages of waiting publishers, as far as there is room now. */
  #admitPublishers(): void {
    while (this.publishers.size > 0 && this.#tryMakeRoom()) {
      const publisher = this.publishers.take();
      publisher?.resume.value(this.#append(publisher.payload));
    }
    if (this.publishers.size === 0) this.#disarmExpiryTimer();
  }

  /** Adds a subscriber. An earlier subscription with the same key ends. */
  subscribe(key: unknown, clock: Clock, from: number): Subscriber<T> {
    this.#removeExpired();
    const known = this.subscribers.get(key);
    if (known !== undefined) this.unsubscribe(known);
    const index = this.#clampIndex(from);
    this.log.addCursor(index);
    return this.subscribers.add(key, index, clock);
  }

  /** Ends a subscription, unless it has ended already. */
  unsubscribe(subscriber: Subscriber<T>): void {
    if (this.subscribers.get(subscriber.key) !== subscriber) return;
    const { pendingFetch } = subscriber;
    if (pendingFetch !== undefined) this.#endFetch(subscriber);
    this.subscribers.remove(subscriber);
    if (!this.#wasDropped(subscriber)) this.log.removeCursor(this.position(subscriber));
    pendingFetch?.resume.error(new NotSubscribed("The subscription ended during the fetch"));
    this.#admitPublishers();
  }

  /**
   * Finds the subscriber of a key. Throws an error if there is none, or if the policy `disconnect`
   * has dropped it.
   */
  #requireSubscriber(key: unknown): Subscriber<T> {
    const subscriber = this.subscribers.get(key);
    if (subscriber === undefined) {
      throw new NotSubscribed("Cannot fetch: there is no subscription, or it has ended");
    }
    if (!this.#wasDropped(subscriber)) return subscriber;
    this.unsubscribe(subscriber);
    throw new NotSubscribed(
      "Cannot fetch: the subscription has ended because the subscriber reads too slowly",
    );
  }

  /** Whether the policy `disconnect` has dropped the cursor of a subscriber. */
  #wasDropped(subscriber: Subscriber<T>): boolean {
    return this.#policy === "disconnect" && subscriber.index < this.log.first;
  }

  /**
   * Gives the index of the next message for a subscriber, behind the messages that were dropped.
   */
  position(subscriber: Subscriber<T>): number {
    return Math.max(subscriber.index, this.log.first);
  }

  /** Moves the cursor of a subscriber, and admits publishers that now have room. */
  #moveCursor(subscriber: Subscriber<T>, index: number): void {
    this.log.removeCursor(this.position(subscriber));
    this.log.addCursor(index);
    subscriber.index = index;
    this.#admitPublishers();
  }

  #clampIndex(index: number): number {
    if (typeof index !== "number" || Number.isNaN(index)) {
      throw new RangeError(`Cannot begin at ${showValue(index)}: expected the index of a message`);
    }
    return Math.min(Math.max(index, this.log.first), this.log.next);
  }

  #removeExpired(): void {
    for (let expired; (expired = this.subscribers.firstExpired) !== undefined;) {
      this.unsubscribe(expired);
    }
  }

  /**
   * Sets the timer for the next expiry, while a publisher waits. A timer that fires early finds no
   * expired lease, and is set anew.
   */
  #armExpiryTimer(clock: Clock): void {
    this.#disarmExpiryTimer();
    const delayMs = this.subscribers.untilExpiryMs;
    if (delayMs === Infinity) return;
    this.#cancelExpiryTimer = clock.setTimer(Math.max(0, delayMs), () => {
      this.#cancelExpiryTimer = undefined;
      this.#removeExpired();
      if (this.publishers.size > 0) this.#armExpiryTimer(clock);
    });
  }

  #disarmExpiryTimer(): void {
    this.#cancelExpiryTimer?.();
    this.#cancelExpiryTimer = undefined;
  }

  #throwIfClosed(): void {
    if (this.#closed) throw queueClosed();
  }
}

const POLICIES: readonly SlowConsumerPolicy[] = [
  ...["wait", "drop-oldest", "drop-newest", "disconnect"] as const,
];

function checkedPolicy(given: SlowConsumerPolicy | undefined): SlowConsumerPolicy {
  if (given === undefined) return "wait";
  if (POLICIES.includes(given)) return given;
  const expected = POLICIES.map((policy) => `"${policy}"`).join(", ");
  throw optionError("slowConsumer", given, `one of ${expected}`);
}
