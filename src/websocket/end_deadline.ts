/**
 * The deadlines of an end: for the answers of the app, and for the Close frame and the FIN of the client.
 *
 * Each deadline is extended as long as there is progress: the app takes steps, or the client reads.
 *
 * The connection makes this when its end begins.
 *
 * @module
 */

import type { Clock } from "../coroutine/mod.ts";
import type { MessageOutput } from "./message_output.ts";

/** The time in which the app must take a step to answer the messages that came before an end: ten parts. */
const ANSWERING_PARTS = 10;
const ANSWERING_PART_MS = 100;
/** The time for the Close frame, and then for the FIN, of the client. */
const CLOSING_MS = 10_000;

/** The connection that ends. */
export interface EndHost {
  readonly clock: Clock;
  readonly output: MessageOutput;
}

/**
 * The deadline of one end. At most one wait holds at a time.
 *
 * The time for the answers has parts, each with a timer of its own, so that the ready apps have their turns between
 * two parts. With one timer, a process that had to wait for the processor for a second would cut off an app that
 * was ready to answer.
 */
export class EndDeadline {
  readonly #host: EndHost;
  #cancel: (() => void) | undefined;
  /** Whether the app has received or sent since the deadline was set. */
  #hasStepped = false;

  constructor(host: EndHost) {
    this.#host = host;
  }

  /** The app has received or sent. */
  stepped(): void {
    this.#hasStepped = true;
  }

  /**
   * Waits for an app that takes steps; for one that waits for room, as long as its client reads.
   *
   * @param onTime Called when the app has had its time.
   */
  awaitAnswers(onTime: () => void, parts: number = ANSWERING_PARTS): void {
    this.#hasStepped = false;
    const { output } = this.#host;
    const { size, isAppBlocked } = output;
    this.#set(isAppBlocked ? CLOSING_MS : ANSWERING_PART_MS, () => {
      const hasBegunToWait = !isAppBlocked && output.isAppBlocked;
      const goesOn = this.#hasStepped || hasBegunToWait || output.size < size;
      if (goesOn) this.awaitAnswers(onTime);
      else if (!isAppBlocked && parts > 1) this.awaitAnswers(onTime, parts - 1);
      else onTime();
    });
  }

  /**
   * Gives the client ten seconds to close, and ten more whenever it has read something.
   *
   * @param onTime Called when the client has had its time.
   */
  awaitClient(onTime: () => void): void {
    const { output } = this.#host;
    const { size } = output;
    this.#set(CLOSING_MS, () => {
      if (output.size < size) this.awaitClient(onTime);
      else onTime();
    });
  }

  /** Ends the wait. */
  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #set(delayMs: number, onTime: () => void): void {
    this.cancel();
    this.#cancel = this.#host.clock.setTimer(delayMs, onTime);
  }
}
