/**
 * Those who wait to be resumed, in order of arrival.
 *
 * One who is being cancelled may still stand in the list for the moment that takes; it is passed over,
 * so that nothing is ever given to somebody who cannot take it.
 *
 * @module
 */

import type { Abort, Resume } from "../operation.ts";
import { WaitList } from "./wait_list.ts";

/** One who waits, and what it brings. */
export interface Waiter<T, B> {
  readonly resume: Resume<T>;
  readonly payload: B;
}

/** A queue of waiting coroutines. `B` is what each of them brings, such as an item to be put. */
export class Waiters<T, B = undefined> {
  readonly #list = new WaitList<Waiter<T, B>>();

  get size(): number {
    return this.#list.size;
  }

  /** Lines up; the result leaves the line. */
  add(resume: Resume<T>, payload: B): Abort {
    const place = this.#list.add({ resume, payload });
    return () => this.#list.remove(place);
  }

  /** Takes out the one who has waited longest. */
  take(): Waiter<T, B> | undefined {
    for (let waiter; (waiter = this.#list.shift()) !== undefined;) {
      if (!waiter.resume.settled) return waiter;
    }
    return undefined;
  }

  /** Takes out all who wait now, in order. */
  drain(): Generator<Waiter<T, B>, void, unknown> {
    return this.#list.drain();
  }

  /** Gives a value to all who wait now. */
  resumeAll(value: T): void {
    for (const { resume } of this.#list.drain()) resume.value(value);
  }

  /** Throws an error at all who wait now. */
  failAll(makeError: () => unknown): void {
    for (const { resume } of this.#list.drain()) resume.error(makeError());
  }
}
