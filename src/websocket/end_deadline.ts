/**
 * The deadlines of an end: for the answers of the app, and for the Close frame and the FIN of the client.
 *
 * Each deadline is extended as long as there is progress: the app receives the next message, or the client reads.
 * A send alone is no progress, because an app that sends for ever would hold the end back for ever.
 *
 * The connection makes this when its end begins.
 *
 * @module
 */

import { setTimerInParts } from "../coroutine/clock.ts";
import type { Clock } from "../coroutine/mod.ts";
import type { MessageOutput } from "./message_output.ts";

/** The time in which the app must answer a message, without its waits for room. */
const ANSWERING_MS = 1000;
/** The time in which the app may begin to send the answers to one message, with its waits for room. */
const SENDING_MS = 10_000;
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
 * Each time has parts, so that the ready apps have their turns between two parts, and the socket takes and brings
 * bytes. With one timer, a process that had to wait for the processor for a second would cut off an app that was
 * ready to answer.
 */
export class EndDeadline {
  readonly #host: EndHost;
  #cancel: (() => void) | undefined;
  /** Whether there was progress since the deadline was set. */
  #hasProgress = false;
  /** The end of the time in which the app may begin to send, by the clock. */
  #sendsUntilMs = Infinity;

  constructor(host: EndHost) {
    this.#host = host;
  }

  /** The app has received a message, and may answer it. */
  received(): void {
    this.#hasProgress = true;
    this.#sendsUntilMs = this.#host.clock.now() + SENDING_MS;
  }

  /** The client has read, so that there is room again. */
  drained(): void {
    this.#hasProgress = true;
  }

  /** Whether the app has had its time to send. A send that waits for room is not cut off. */
  get isSendingOver(): boolean {
    return this.#host.clock.now() >= this.#sendsUntilMs;
  }

  /**
   * Waits for the answers of an app; for one that waits for room, as long as its client reads.
   *
   * @param onTime Called when the app has had its time.
   */
  awaitAnswers(onTime: () => void): void {
    this.received();
    this.#awaitAnswers(onTime);
  }

  #awaitAnswers(onTime: () => void): void {
    this.#hasProgress = false;
    const { output } = this.#host;
    const { isAppBlocked } = output;
    this.#set(isAppBlocked ? CLOSING_MS : ANSWERING_MS, () => {
      const hasBegunToWait = !isAppBlocked && output.isAppBlocked;
      if (this.#hasProgress || hasBegunToWait) this.#awaitAnswers(onTime);
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
    this.#cancel = setTimerInParts(this.#host.clock, delayMs, onTime);
  }
}
