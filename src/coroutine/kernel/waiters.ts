/**
 * Suspended coroutines in order of arrival, such as the getters of a queue.
 *
 * The trap: while several waits are being aborted together, a settled wait is still in the list.
 * `take` skips it, so no item is given to a coroutine that cannot take it.
 *
 * The operations call this.
 *
 * @module
 */

import type { Abort, Resume } from "../operation.ts";
import { LinkedList } from "./linked_list.ts";

/** A suspended coroutine and its payload, such as the item of a `put`. */
export interface Waiter<T, P> {
  readonly resume: Resume<T>;
  readonly payload: P;
}

/** A line of suspended coroutines; `T` is the type of their results, `P` that of their payloads. */
export class Waiters<T, P = undefined> {
  readonly #list = new LinkedList<Waiter<T, P>>();

  get size(): number {
    return this.#list.size;
  }

  /** Adds a waiter at the end. Returns a function that removes it. */
  add(resume: Resume<T>, payload: P): Abort {
    const place = this.#list.add({ resume, payload });
    return () => this.#list.remove(place);
  }

  /** Removes and returns the waiter that has waited longest and can still be resumed. */
  take(): Waiter<T, P> | undefined {
    for (let waiter; (waiter = this.#list.shift()) !== undefined;) {
      if (!waiter.resume.settled) return waiter;
    }
    return undefined;
  }

  /** Removes and yields all current waiters, in order. Some may be settled. */
  drain(): Generator<Waiter<T, P>, void, unknown> {
    return this.#list.drain();
  }

  /** Resumes all current waiters with a value. */
  resumeAll(value: T): void {
    for (const { resume } of this.#list.drain()) resume.value(value);
  }

  /** Ends the waits of all current waiters with an error each. */
  failAll(makeError: () => unknown): void {
    for (const { resume } of this.#list.drain()) resume.error(makeError());
  }
}
