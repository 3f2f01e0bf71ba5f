/**
 * The deadline of a connection: one phase at a time, one deadline for it.
 *
 * A deadline is a number that {@linkcode Connections} compares with the clock about once a second,
 * so that entering a phase costs no timer. The trap: the time for a body is a budget, not a
 * time-out. When the app waits for the body again, the budget continues from what was left.
 * Otherwise a body that comes in tiny pieces would never be late.
 *
 * {@linkcode ClientConnection} calls this.
 *
 * @module
 */

import type { TimeoutsMs } from "./timeouts.ts";

/** The step that the client must take in time; `none` if it is not the client's turn. */
export type ConnectionPhase = "idle" | "head" | "body" | "linger" | "none";

/** The deadline of one connection. All times are by the clock, in milliseconds. */
export class PhaseDeadline {
  readonly #serverTimeoutsMs: TimeoutsMs;
  #timeoutsMs: TimeoutsMs;
  /** The rate that a body must have on the average, in bytes a second. */
  readonly #bodyRate: number;
  #phase: ConnectionPhase = "none";
  #endsAt = Infinity;
  /** The time that is left for the body, as of the last time that the phase `body` was left. */
  #bodyLeftMs = 0;

  /**
   * @param timeoutsMs The server's time-outs.
   * @param minBodyRate In bytes a second; 0 accepts any rate.
   */
  constructor(timeoutsMs: TimeoutsMs, minBodyRate: number) {
    this.#serverTimeoutsMs = this.#timeoutsMs = timeoutsMs;
    this.#bodyRate = minBodyRate;
  }

  /** The phase that was entered last. */
  get phase(): ConnectionPhase {
    return this.#phase;
  }

  /** The time-outs that hold now: those of the last request, until the next one begins. */
  get timeoutsMs(): TimeoutsMs {
    return this.#timeoutsMs;
  }

  /** Begins a request: no phase, the server's time-outs hold again, and the body has all of its time. */
  begin(): void {
    this.end();
    this.#timeoutsMs = this.#serverTimeoutsMs;
    this.#bodyLeftMs = this.#timeoutsMs.body;
  }

  /** Changes the time-outs of this request; a new one for the body begins now. */
  change(timeoutsMs: TimeoutsMs, now: number): void {
    const isNewForBody = timeoutsMs.body !== this.#timeoutsMs.body;
    this.#timeoutsMs = timeoutsMs;
    if (!isNewForBody) return;
    this.#bodyLeftMs = timeoutsMs.body;
    if (this.#phase === "body") this.#endsAt = now + timeoutsMs.body;
  }

  /** Enters a phase, or enters the same phase anew; only the time of `body` goes on. */
  enter(phase: ConnectionPhase, now: number): void {
    if (this.#phase === "body") {
      if (phase === "body") return;
      this.#bodyLeftMs = Math.max(0, this.#endsAt - now);
    }
    this.#phase = phase;
    if (phase === "none") this.#endsAt = Infinity;
    else this.#endsAt = now + (phase === "body" ? this.#bodyLeftMs : this.#timeoutsMs[phase]);
  }

  /** Gives the body more time for bytes that have come, but never more than it had at first. */
  bodyCame(bytes: number, now: number): void {
    const gainedMs = this.#bodyRate === 0 ? Infinity : bytes * 1000 / this.#bodyRate;
    const maxMs = this.#timeoutsMs.body;
    if (this.#phase === "body") this.#endsAt = Math.min(this.#endsAt + gainedMs, now + maxMs);
    else this.#bodyLeftMs = Math.min(this.#bodyLeftMs + gainedMs, maxMs);
  }

  /** Gives the phase more time, but never more than it had at first: the process was paused. */
  extend(milliseconds: number, now: number): void {
    if (this.#phase === "none") return;
    this.#endsAt = Math.min(this.#endsAt + milliseconds, now + this.#timeoutsMs[this.#phase]);
  }

  /** Whether the deadline has passed. */
  isOver(now: number): boolean {
    return now >= this.#endsAt;
  }

  /** Ends the phase; no deadline holds until the next one is entered. */
  end(): void {
    this.#phase = "none";
    this.#endsAt = Infinity;
  }
}
