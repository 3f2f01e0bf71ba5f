/**
 * A line of waits of one kind: for room, for a Pong, for the end.
 *
 * A connection makes a line with its first wait, because most connections are idle.
 *
 * @module
 */

import type { Abort, Resume } from "../coroutine/mod.ts";

/** A wait of an app. */
export interface Waiting<T> {
  readonly resume: Resume<T>;
}

/** Waits, in the order in which they have begun. */
export class WaitLine<T, W extends Waiting<T> = Waiting<T>> {
  #waits: W[] = [];

  get isEmpty(): boolean {
    return this.#waits.length === 0;
  }

  /** The wait that has begun first. */
  get first(): W | undefined {
    return this.#waits.at(0);
  }

  /**
   * Adds a wait.
   *
   * @returns Takes the wait out again.
   */
  add(wait: W): Abort {
    this.#waits.push(wait);
    return () => {
      const index = this.#waits.indexOf(wait);
      if (index >= 0) this.#waits.splice(index, 1);
    };
  }

  /** Takes the first wait out. */
  shift(): W | undefined {
    return this.#waits.shift();
  }

  /** Takes all waits out. */
  takeAll(): W[] {
    const waits = this.#waits;
    this.#waits = [];
    return waits;
  }
}
