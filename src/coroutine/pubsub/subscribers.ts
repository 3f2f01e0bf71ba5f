/**
 * Who is subscribed, and whose lease is over.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Abort, Resume } from "../operation.ts";
import { WaitList, type WaitNode } from "../kernel/wait_list.ts";

/** A fetch that waits for the next message. */
export interface Fetch<T> {
  readonly resume: Resume<T[]>;
  /** Leaves the line of those who wait. */
  readonly leave: Abort;
}

/** One who reads. */
export interface Subscriber<T> {
  readonly key: unknown;
  readonly clock: Clock;
  /** The index of the message that it reads next. */
  index: number;
  fetch: Fetch<T> | undefined;
  /** When it was last heard of, in its clock's milliseconds. */
  seen: number;
  /** Its place among those who are not waiting, longest unheard of first. */
  place: WaitNode<Subscriber<T>> | undefined;
  /** Calls off what removes it with its coroutine. */
  unwatch: (() => void) | undefined;
}

/** The subscribers of one queue, by key. Who waits in a fetch cannot have vanished. */
export class Subscribers<T> {
  readonly #lease: number;
  readonly #byKey = new Map<unknown, Subscriber<T>>();
  readonly #unheard = new WaitList<Subscriber<T>>();

  /** @param lease Milliseconds. */
  constructor(lease: number) {
    this.#lease = lease;
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
      fetch: undefined,
      seen: 0,
      place: undefined,
      unwatch: undefined,
    };
    this.#byKey.set(key, subscriber);
    this.release(subscriber);
    return subscriber;
  }

  remove(subscriber: Subscriber<T>): void {
    this.hold(subscriber);
    this.#byKey.delete(subscriber.key);
    subscriber.unwatch?.();
    subscriber.unwatch = undefined;
  }

  /** It is being waited with: its lease does not run. */
  hold(subscriber: Subscriber<T>): void {
    if (subscriber.place !== undefined) this.#unheard.remove(subscriber.place);
    subscriber.place = undefined;
  }

  /** It has been heard of: its lease runs from now. */
  release(subscriber: Subscriber<T>): void {
    this.hold(subscriber);
    subscriber.seen = subscriber.clock.now();
    subscriber.place = this.#unheard.add(subscriber);
  }

  /** In how many milliseconds the next lease is over; 0 or less if it is. */
  get untilExpiry(): number {
    const first = this.#unheard.first;
    return first === undefined ? Infinity : first.seen + this.#lease - first.clock.now();
  }

  /** One whose lease is over. */
  get expired(): Subscriber<T> | undefined {
    return this.#lease !== Infinity && this.untilExpiry <= 0 ? this.#unheard.first : undefined;
  }
}
