/**
 * The messages that wait for the broker.
 *
 * Each log and each queue has one line of messages (`outbox_line.ts`).
 *
 * The invariant: the messages of all lines stay within `maxPending` and `maxPendingBytes`, except that a single
 * message may have any size. A message beyond them waits for room outside the lines, with the coroutine that
 * publishes it. This wait is a part of `publishTimeout`.
 *
 * `topic.ts`, `queue.ts` and `bus.ts` call this.
 *
 * @module
 */

import { type Operation, operation } from "../coroutine/mod.ts";
import { setTimerInParts } from "../coroutine/clock.ts";
import type { BusPosition } from "../wsgi/mod.ts";
import { BusClosed, BusFull, BusUnavailable } from "./errors.ts";
import { type Destination, OutboxLine, type Receiver } from "./outbox_line.ts";
import type { BusSettings } from "./settings.ts";

/** The largest number of logs whose last confirmed position is known. */
const MAX_CONFIRMED = 1000;

/** A message that waits for room. */
interface WaitingMessage {
  /** The number of characters. */
  readonly length: number;
  /** Puts the message into its line. */
  add(): void;
}

/** All messages of one bus that wait. */
export class Outbox {
  readonly #settings: BusSettings;
  readonly #lines = new Map<string, OutboxLine>();
  /** The messages that wait for room, oldest first. */
  readonly #waiting = new Set<WaitingMessage>();
  /** The position of the last message that each log has confirmed; the oldest is the first. */
  readonly #confirmed = new Map<string, BusPosition>();
  #sequence = 0;
  #count = 0;
  #bytes = 0;
  #isClosed = false;

  constructor(settings: BusSettings) {
    this.#settings = settings;
  }

  /** The number of messages that wait for the broker. */
  get count(): number {
    return this.#count;
  }

  /** Sends a message, and waits until the broker has it. */
  send(destination: Destination, text: string, name: string): Operation<BusPosition> {
    return operation((resume) => this.begin(destination, text, resume), name);
  }

  /** Begins to send a message. The function that is returned ends the wait for its outcome. */
  begin(destination: Destination, text: string, receiver: Receiver): () => void {
    const { clock, publishTimeoutMs, transport } = this.#settings;
    const since = clock.now();
    if (this.#hasRoom(text) || this.#isClosed) {
      return this.#add(destination, text, receiver, since);
    }
    let withdraw = () => {};
    const stop = () => {
      cancelTimer();
      this.#waiting.delete(waiting);
    };
    const waiting: WaitingMessage = {
      length: text.length,
      add: () => {
        stop();
        withdraw = this.#add(destination, text, receiver, since);
      },
    };
    const cancelTimer = setTimerInParts(clock, publishTimeoutMs, () => {
      stop();
      const waited = `${transport.name} has not made room within ${publishTimeoutMs / 1000} s`;
      receiver.error(new BusUnavailable(`${waited}: the message was not sent`));
      this.#fill();
    });
    this.#waiting.add(waiting);
    return () => {
      stop();
      withdraw();
      this.#fill();
    };
  }

  /**
   * Sends a message without waiting.
   *
   * @throws {BusFull} If there is no room.
   */
  sendNowait(destination: Destination, text: string): void {
    if (this.#isClosed) throw new BusClosed("The bus is closed");
    if (!this.#hasRoom(text)) {
      const { name } = this.#settings.transport;
      throw new BusFull(`${this.#count} messages wait for the bus over ${name}: no room for more`);
    }
    const { clock, report } = this.#settings;
    this.#add(destination, text, { value: () => {}, error: report }, clock.now());
  }

  /** Ends all waits with {@linkcode BusClosed}. */
  close(): void {
    this.#isClosed = true;
    for (const line of this.#lines.values()) line.close();
    for (const message of [...this.#waiting]) message.add();
  }

  #hasRoom(text: string): boolean {
    return this.#waiting.size === 0 && this.#takes(text.length);
  }

  /** Whether the lines take a message of this length. If they are empty, they take one of any length. */
  #takes(length: number): boolean {
    const { maxPending, maxPendingBytes } = this.#settings;
    return this.#count === 0 ||
      this.#count < maxPending && this.#bytes + length <= maxPendingBytes;
  }

  #add(destination: Destination, text: string, receiver: Receiver, since: number): () => void {
    if (this.#isClosed) {
      receiver.error(new BusClosed("The bus is closed"));
      return () => {};
    }
    this.#count++;
    this.#bytes += text.length;
    const key = `${destination.kind} ${destination.name}`;
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new OutboxLine(this.#settings, destination, {
        onLeft: ({ length }) => this.#leave(length),
        onEmpty: () => this.#lines.delete(key),
        confirmed: () => this.#confirmed.get(destination.name),
        onConfirmed: (position) => this.#confirm(destination.name, position),
      });
      this.#lines.set(key, line);
    }
    return line.add(++this.#sequence, text, receiver, since);
  }

  #confirm(log: string, position: BusPosition): void {
    this.#confirmed.delete(log);
    this.#confirmed.set(log, position);
    const [oldest] = this.#confirmed.keys();
    if (this.#confirmed.size > MAX_CONFIRMED) this.#confirmed.delete(oldest as string);
  }

  #leave(length: number): void {
    this.#count--;
    this.#bytes -= length;
    this.#fill();
  }

  /** Puts messages that have waited for room into their lines. */
  #fill(): void {
    for (const message of this.#waiting) {
      if (!this.#takes(message.length)) return;
      message.add();
    }
  }
}
