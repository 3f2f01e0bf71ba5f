/**
 * The messages that have come and that the app has not received, and the wait of the app for one.
 *
 * The inbox is full at a certain cost. Then the connection takes no more frames and pauses reading, so that a
 * client cannot send faster than the app receives.
 *
 * The connection calls this.
 *
 * @module
 */

import type { Resume } from "../coroutine/mod.ts";
import type { Message } from "./message.ts";

/** The inbox is full when messages of this cost wait. */
const MAX_COST = 65_536;
/** Each message costs its length and this much, so that a flood of empty messages is bounded too. */
const MESSAGE_COST = 128;

/** The messages of one connection on their way to its app. */
export class Inbox {
  /** `undefined` before the first message that waits, because most connections are idle. */
  #messages: Message[] | undefined;
  #cost = 0;
  /** The app has received a message, and has not asked for the next one. */
  #isAppAtWork = false;
  #receiver: Resume<Message | undefined> | undefined;

  get isFull(): boolean {
    return this.#cost >= MAX_COST;
  }

  /** Whether a message waits for the app. */
  get hasMessage(): boolean {
    return this.#cost > 0;
  }

  /** Whether a message waits for the app, or the app still works on one. */
  get isBusy(): boolean {
    return this.hasMessage || this.#isAppAtWork;
  }

  /** Gives a message to the app, or keeps it. */
  deliver(message: Message): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (receiver !== undefined && !receiver.settled) {
      this.#isAppAtWork = true;
      return receiver.value(message);
    }
    (this.#messages ??= []).push(message);
    this.#cost += costOf(message);
  }

  /** Takes the next message for the app. The app asks for it, so it has answered the one before. */
  take(): Message | undefined {
    const message = this.#messages?.shift();
    this.#isAppAtWork = message !== undefined;
    if (message !== undefined) this.#cost -= costOf(message);
    return message;
  }

  /**
   * Begins a wait of the app for a message. A wait that was aborted is settled, and gets none.
   *
   * @throws {TypeError} If another wait has begun and is not settled.
   */
  await(resume: Resume<Message | undefined>): void {
    if (this.#receiver !== undefined && !this.#receiver.settled) {
      throw new TypeError("Cannot receive: another coroutine is receiving on this WebSocket");
    }
    this.#receiver = resume;
  }

  /** Drops the messages. */
  clear(): void {
    this.#messages = undefined;
    this.#cost = 0;
  }

  /** Ends the wait of the app: no message comes any more. */
  end(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.value(undefined);
  }
}

function costOf(message: Message): number {
  return MESSAGE_COST + message.length;
}
