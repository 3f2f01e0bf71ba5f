/**
 * Deadlines with one and the same delay, in one line with one timer.
 *
 * Thousands of idle connections each wait for the time of their next Ping. A timer for each would take more
 * memory than the rest of the waiting connection. All deadlines of a line have the same delay, so the first one in
 * the line is the next one due, and the line needs a timer for that one alone.
 *
 * `pulse.ts` calls this.
 *
 * @module
 */

import { callAfterPoll } from "../coroutine/clock.ts";
import type { Clock } from "../coroutine/mod.ts";

/** A member of a line. */
export interface LineMember {
  /** The time at which the deadline is over, by the clock, in milliseconds. The line sets it. */
  dueMs: number;
  /** Called once, when the deadline is over. The member has left the line then. */
  deadlineOver(): void;
}

/** A timer that is late by this time shows that the process was paused, in milliseconds. */
const PAUSED_MS = 1000;
/** The time for bytes that came during a pause, in milliseconds. */
const READING_MS = 50;

/** The lines of each clock, by their delay. A line without members is forgotten. */
const lines = new WeakMap<Clock, Map<number, DeadlineLine>>();

/** Deadlines with one delay on one clock. */
export class DeadlineLine {
  readonly #clock: Clock;
  readonly #delayMs: number;
  /** The members in the order in which they are due. */
  readonly #members = new Set<LineMember>();
  #cancelTimer: (() => void) | undefined;
  /** Whether the last timer was late, and bytes that came during the pause of the process were read first. */
  #wasPaused = false;

  private constructor(clock: Clock, delayMs: number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /**
   * Puts a member at the end of the line of a delay.
   *
   * @param clock The clock.
   * @param delayMs The delay in milliseconds, not `Infinity`.
   * @param member The member, which is in no line.
   * @returns The line, for {@linkcode leave}.
   */
  static join(clock: Clock, delayMs: number, member: LineMember): DeadlineLine {
    let ofClock = lines.get(clock);
    if (ofClock === undefined) lines.set(clock, ofClock = new Map());
    let line = ofClock.get(delayMs);
    if (line === undefined) ofClock.set(delayMs, line = new DeadlineLine(clock, delayMs));
    member.dueMs = clock.now() + delayMs;
    line.#members.add(member);
    if (line.#members.size === 1) line.#setTimer(delayMs);
    return line;
  }

  /** Takes a member out of the line. */
  leave(member: LineMember): void {
    this.#members.delete(member);
    if (this.#members.size === 0) this.#forget();
  }

  #setTimer(delayMs: number): void {
    const clock = this.#clock;
    // An event loop calls timers before it reads: the Pongs that came in a short pause are read first.
    const cancel = clock.setTimer(delayMs, () => {
      callAfterPoll(clock, () => this.#cancelTimer === cancel && this.#callDue());
    });
    this.#cancelTimer = cancel;
  }

  #callDue(): void {
    this.#cancelTimer = undefined;
    const nowMs = this.#clock.now();
    const due: LineMember[] = [];
    let nextMs = Infinity;
    const [first] = this.#members;
    this.#wasPaused = !this.#wasPaused && nowMs - (first?.dueMs ?? nowMs) >= PAUSED_MS;
    if (this.#wasPaused) return this.#setTimer(READING_MS);
    for (const member of this.#members) {
      if (member.dueMs > nowMs) {
        nextMs = member.dueMs;
        break;
      }
      due.push(member);
    }
    for (const member of due) this.#members.delete(member);
    if (nextMs === Infinity) this.#forget();
    else this.#setTimer(nextMs - nowMs);
    for (const member of due) member.deadlineOver();
  }

  #forget(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const ofClock = lines.get(this.#clock);
    if (ofClock?.get(this.#delayMs) === this) ofClock.delete(this.#delayMs);
  }
}
