/**
 * The inside of a publish/subscribe queue: what is published and fetched, and who makes way for whom.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { toMilliseconds } from "../duration.ts";
import { MessageLog } from "./message_log.ts";
import type { Abort, Resume } from "../operation.ts";
import { Full, QueueClosed } from "../operations/queue.ts";
import { type Subscriber, Subscribers } from "./subscribers.ts";
import {
  type FetchOptions,
  NotSubscribed,
  type PublishSubscribeOptions,
  type SlowConsumerPolicy,
} from "./subscription.ts";
import { Waiters } from "../kernel/waiters.ts";

/** A lease may be longer than the timers of every runtime reach: they are then set anew. */
const MAX_TIMER = 86_400_000;

/** Messages, subscribers, and those who wait to publish or to fetch. */
export class Broadcast<T> {
  readonly log: MessageLog<T> = new MessageLog();
  readonly fetchers: Waiters<T[], Subscriber<T>> = new Waiters();
  readonly publishers: Waiters<number, T> = new Waiters();
  readonly subscribers: Subscribers<T>;
  readonly #capacity: number;
  readonly #policy: SlowConsumerPolicy;
  #cancelAlarm: (() => void) | undefined;
  #closed = false;

  constructor(options: PublishSubscribeOptions) {
    this.#capacity = options.capacity ?? Infinity;
    if (!(this.#capacity >= 1)) {
      throw new RangeError(`Cannot keep ${this.#capacity} messages: expected 1 or more`);
    }
    this.#policy = options.slowConsumer ?? "wait";
    this.subscribers = new Subscribers(toMilliseconds(options.lease ?? Infinity));
  }

  publishNowait(message: T): number {
    this.#refuseIfClosed();
    if (this.publishers.size === 0 && this.#makeRoom()) return this.#append(message);
    if (this.#policy === "drop-newest") return -1;
    throw new Full(`The queue holds ${this.#capacity} messages, and not all have been read`);
  }

  compact(): void {
    this.#expire();
    while (this.log.size > 0 && this.log.readersOfFirst === 0) this.log.dropFirst(false);
  }

  close(): void {
    this.#closed = true;
    this.publishers.failAll(closedError);
    for (const { resume, payload } of this.fetchers.drain()) {
      this.#endFetch(payload);
      resume.error(closedError());
    }
    this.#setAlarm(undefined);
  }

  /** Begins a `publish`. */
  publish(message: T, resume: Resume<number>): Abort | void {
    this.#refuseIfClosed();
    if (this.publishers.size === 0 && this.#makeRoom()) return resume.value(this.#append(message));
    if (this.#policy === "drop-newest") return resume.value(-1);
    const leave = this.publishers.add(resume, message);
    this.#setAlarm(resume.scheduler.clock);
    return () => {
      leave();
      if (this.publishers.size === 0) this.#setAlarm(undefined);
    };
  }

  /** Begins a `fetch`. */
  fetch(key: unknown, options: FetchOptions, resume: Resume<T[]>): Abort | void {
    const limit = options.limit ?? Infinity;
    if (!(limit >= 1)) throw new RangeError(`Cannot fetch ${limit} messages: expected 1 or more`);
    this.#expire();
    const subscriber = this.#current(key);
    if (subscriber.fetch !== undefined) {
      throw new TypeError("Cannot fetch: the same subscriber is fetching already");
    }
    if (options.from !== undefined) this.#move(subscriber, this.#clamp(options.from));
    const index = this.standsAt(subscriber);
    if (index < this.log.next) {
      const messages = this.log.read(index, limit);
      this.subscribers.release(subscriber);
      this.#move(subscriber, index + messages.length);
      return resume.value(messages);
    }
    this.#refuseIfClosed();
    subscriber.fetch = { resume, leave: this.fetchers.add(resume, subscriber) };
    this.subscribers.hold(subscriber);
    return () => this.#endFetch(subscriber);
  }

  #endFetch(subscriber: Subscriber<T>): void {
    subscriber.fetch?.leave();
    subscriber.fetch = undefined;
    this.subscribers.release(subscriber);
  }

  #append(message: T): number {
    const index = this.log.append(message);
    for (const { resume, payload: subscriber } of this.fetchers.drain()) {
      if (resume.settled) continue;
      this.#endFetch(subscriber);
      this.log.leave(index);
      this.log.enter(subscriber.index = index + 1);
      resume.value([message]);
    }
    return index;
  }

  /** Makes room for one message, if the policy allows it. */
  #makeRoom(): boolean {
    this.#expire();
    while (this.log.size >= this.#capacity) {
      const unread = this.log.readersOfFirst > 0;
      if (unread && (this.#policy === "wait" || this.#policy === "drop-newest")) return false;
      this.log.dropFirst(this.#policy === "drop-oldest");
    }
    return true;
  }

  /** Lets those in who wait to publish, as far as there is room now. */
  #admit(): void {
    while (this.publishers.size > 0 && this.#makeRoom()) {
      const publisher = this.publishers.take();
      publisher?.resume.value(this.#append(publisher.payload));
    }
    if (this.publishers.size === 0) this.#setAlarm(undefined);
  }

  /** Subscribes anew. */
  enrol(key: unknown, clock: Clock, from: number): Subscriber<T> {
    this.#expire();
    const known = this.subscribers.get(key);
    if (known !== undefined) this.remove(known);
    const index = this.#clamp(from);
    this.log.enter(index);
    return this.subscribers.add(key, index, clock);
  }

  /** Ends a subscription, unless it has ended. */
  remove(subscriber: Subscriber<T>): void {
    if (this.subscribers.get(subscriber.key) !== subscriber) return;
    const { fetch } = subscriber;
    if (fetch !== undefined) this.#endFetch(subscriber);
    this.subscribers.remove(subscriber);
    if (!this.#isLost(subscriber)) this.log.leave(this.standsAt(subscriber));
    fetch?.resume.error(new NotSubscribed("The subscription ended during the fetch"));
    this.#admit();
  }

  #current(key: unknown): Subscriber<T> {
    const subscriber = this.subscribers.get(key);
    if (subscriber === undefined) {
      throw new NotSubscribed("Cannot fetch: not subscribed, or no longer");
    }
    if (!this.#isLost(subscriber)) return subscriber;
    this.remove(subscriber);
    throw new NotSubscribed("Cannot fetch: disconnected for reading too slowly");
  }

  /** Whether messages that it has not read went, and it with them. */
  #isLost(subscriber: Subscriber<T>): boolean {
    return this.#policy === "disconnect" && subscriber.index < this.log.first;
  }

  /** With `drop-oldest`, the index it remembers may have gone. */
  standsAt(subscriber: Subscriber<T>): number {
    return Math.max(subscriber.index, this.log.first);
  }

  #move(subscriber: Subscriber<T>, index: number): void {
    this.log.leave(this.standsAt(subscriber));
    this.log.enter(index);
    subscriber.index = index;
    this.#admit();
  }

  #clamp(index: number): number {
    if (Number.isNaN(index)) throw new RangeError("Cannot begin at NaN: expected an index");
    return Math.min(Math.max(index, this.log.first), this.log.next);
  }

  #expire(): void {
    for (let gone; (gone = this.subscribers.expired) !== undefined;) this.remove(gone);
  }

  /** While somebody waits to publish, nobody else may come to notice that a lease is over. */
  #setAlarm(clock: Clock | undefined): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    const delay = this.subscribers.untilExpiry;
    if (clock === undefined || delay === Infinity) return;
    this.#cancelAlarm = clock.setTimer(Math.min(Math.max(0, delay), MAX_TIMER), () => {
      this.#cancelAlarm = undefined;
      this.#expire();
      if (this.publishers.size > 0) this.#setAlarm(clock);
    });
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw closedError();
  }
}

function closedError(): QueueClosed {
  return new QueueClosed("The queue is closed");
}
