/**
 * How long a connection is waited for: one phase at a time, one deadline for it.
 *
 * @module
 */

import type { Milliseconds } from "./timeouts.ts";

/** What is waited for; while it is the `app`, there is no deadline. */
export type Phase = "idle" | "head" | "body" | "linger" | "app";

/** The deadline of a connection, by the clock. */
export class Patience {
  /** Those of the server. */
  readonly #defaults: Milliseconds;
  #timeouts: Milliseconds;
  /** Bytes in a millisecond that a body must bring on the average. */
  readonly #bodyRate: number;
  #phase: Phase = "app";
  #deadline = Infinity;
  /** How long the body may still be waited for, in milliseconds; as of when it last was. */
  #bodyTime = 0;

  /**
   * @param timeouts In milliseconds.
   * @param minBodyRate In bytes a second.
   */
  constructor(timeouts: Milliseconds, minBodyRate: number) {
    this.#defaults = this.#timeouts = timeouts;
    this.#bodyRate = minBodyRate / 1000;
  }

  /** What is waited for. */
  get phase(): Phase {
    return this.#phase;
  }

  /** The deadlines that hold now: those of the last request, until the next one begins. */
  get timeouts(): Milliseconds {
    return this.#timeouts;
  }

  /** A request has begun: the server's deadlines hold again, and its body has all of its time. */
  begin(): void {
    this.#timeouts = this.#defaults;
    this.#bodyTime = this.#timeouts.body;
  }

  /** The deadlines of this request are others from now on; a new one for the body begins anew. */
  change(timeouts: Milliseconds, now: number): void {
    const isNewForBody = timeouts.body !== this.#timeouts.body;
    this.#timeouts = timeouts;
    if (!isNewForBody) return;
    this.#bodyTime = timeouts.body;
    if (this.#phase === "body") this.#deadline = now + timeouts.body;
  }

  /**
   * Something else is waited for, or the same anew. Only the body's time does not begin anew: it goes
   * on where it was, as a body in tiny pieces would else never be late.
   */
  await(phase: Phase, now: number): void {
    if (this.#phase === "body") {
      if (phase === "body") return;
      this.#bodyTime = Math.max(0, this.#deadline - now);
    }
    this.#phase = phase;
    if (phase === "app") this.#deadline = Infinity;
    else this.#deadline = now + (phase === "body" ? this.#bodyTime : this.#timeouts[phase]);
  }

  /** A part of the body has come: it may take the longer, but never longer than at first. */
  bodyCame(bytes: number, now: number): void {
    const gained = this.#bodyRate === 0 ? Infinity : bytes / this.#bodyRate;
    const most = this.#timeouts.body;
    if (this.#phase === "body") this.#deadline = Math.min(this.#deadline + gained, now + most);
    else this.#bodyTime = Math.min(this.#bodyTime + gained, most);
  }

  /** Whether the deadline has passed. */
  isOver(now: number): boolean {
    return now >= this.#deadline;
  }

  /** No deadline holds any more. */
  end(): void {
    this.#phase = "app";
    this.#deadline = Infinity;
  }
}
