/**
 * The subscribers of one queue, and their leases.
 *
 * A lease runs from the last call of the subscriber. While a fetch is pending, the subscriber is
 * known to be alive, so its lease is suspended. All leases have the same length. So the list of
 * running leases, in order of their last renewal, is also in order of expiry, and a check looks
 * only at its first entry.
 *
 * `Broadcast` calls this.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Abort, Resume } from "../operation.ts";
import { LinkedList, type ListNode } from "../kernel/linked_list.ts";

/** A fetch that waits for the next message. */
export interface PendingFetch<T> {
  readonly resume: Resume<T[]>;
  /** Removes the fetch from the waiters. */
  readonly leave: Abort;
}

/** One subscription. */
export interface Subscriber<T> {
  readonly key: unknown;
  readonly clock: Clock;
  /**
   * The index of the next message to read. With `drop-oldest`, that message may have been dropped.
   */
  index: number;
  pendingFetch: PendingFetch<T> | undefined;
  /** The time at which the lease was last renewed, in milliseconds of `clock`. */
  renewedMs: number;
  /** The running lease; `undefined` while it is suspended. */
  lease: ListNode<Subscriber<T>> | undefined;
  /** Stops watching the coroutine that subscribed without a key. */
  stopWatching: (() => void) | undefined;
}

/** The subscribers of one queue, by key. */
export class Subscribers<T> {
  readonly #leaseMs: number;
  readonly #byKey = new Map<unknown, Subscriber<T>>();
  /** The running leases, least recently renewed first. */
  readonly #byRenewal = new LinkedList<Subscriber<T>>();

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: unknown): Subscriber<T> | undefined {
    return this.#byKey.get(key);
  }

  add(key: unknown, index: number, clock: Clock): Subscriber<T> {
    const subscriber: Subscriber<T> = {
      key,
      clock,
      index,
      pendingFetch: undefined,
      renewedMs: 0,
      lease: undefined,
      stopWatching: undefined,
    };
    this.#byKey.set(key, subscriber);
    this.renewLease(subscriber);
    return subscriber;
  }

  remove(subscriber: Subscriber<T>): void {
    this.suspendLease(subscriber);
    this.#byKey.delete(subscriber.key);
    subscriber.stopWatching?.();
    subscriber.stopWatching = undefined;
  }

  /** Suspends the lease while a fetch is pending, or for ever at the end of the subscription. */
  suspendLease(subscriber: Subscriber<T>): void {
    if (subscriber.lease !== undefined) this.#byRenewal.remove(subscriber.lease);
    subscriber.lease = undefined;
  }

  /** Starts the lease anew from now. */
  renewLease(subscriber: Subscriber<T>): void {
    this.suspendLease(subscriber);
    subscriber.renewedMs = subscriber.clock.now();
    subscriber.lease = this.#byRenewal.add(subscriber);
  }

  /** The milliseconds until the next lease expires; 0 or less if one has expired. */
  get untilExpiryMs(): number {
    const first = this.#byRenewal.first;
    return first === undefined ? Infinity : first.renewedMs + this.#leaseMs - first.clock.now();
  }

  /** A subscriber with an expired lease, if there is one. */
  get firstExpired(): Subscriber<T> | undefined {
    return this.#leaseMs !== Infinity && this.untilExpiryMs <= 0
      ? this.#byRenewal.first
      : undefined;
  }
}
