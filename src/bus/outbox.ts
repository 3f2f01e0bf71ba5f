/**
 * The messages that wait for the broker.
 *
 * Each log and each queue has one line of messages (`outbox_line.ts`).
 *
 * The invariant: the messages of all lines stay within `maxPending` and `maxPendingBytes`. A message beyond
 * them waits for room outside the lines, with the coroutine that publishes it.
 *
 * `topic.ts`, `queue.ts` and `bus.ts` call this.
 *
 * @module
 */

import { type Operation, operation } from "../coroutine/mod.ts";
import type { BusPosition } from "../wsgi/mod.ts";
import { BusClosed, BusFull } from "./errors.ts";
import { type Destination, OutboxLine, type Receiver } from "./outbox_line.ts";
import type { BusSettings } from "./settings.ts";

/** The largest number of logs whose last confirmed position is known. */
const MAX_CONFIRMED = 1000;

/** All messages of one bus that wait. */
export class Outbox {
  readonly #settings: BusSettings;
  readonly #lines = new Map<string, OutboxLine>();
  /** The messages that wait for room, oldest first. */
  readonly #waiting = new Set<() => void>();
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
    let withdraw: (() => void) | undefined;
    const add = () => {
      this.#waiting.delete(add);
      withdraw = this.#add(destination, text, receiver);
    };
    if (this.#hasRoom(text) || this.#isClosed) add();
    else this.#waiting.add(add);
    return () => {
      this.#waiting.delete(add);
      withdraw?.();
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
    this.#add(destination, text, { value: () => {}, error: this.#settings.report });
  }

  /** Ends all waits with {@linkcode BusClosed}. */
  close(): void {
    this.#isClosed = true;
    for (const line of this.#lines.values()) line.close();
    for (const begin of [...this.#waiting]) begin();
  }

  #hasRoom({ length }: string): boolean {
    const { maxPending, maxPendingBytes } = this.#settings;
    // A line that is empty takes a message of any size.
    return this.#count === 0 ||
      this.#waiting.size === 0 && this.#count < maxPending &&
        this.#bytes + length <= maxPendingBytes;
  }

  #add(destination: Destination, text: string, receiver: Receiver): (() => void) | undefined {
    if (this.#isClosed) {
      receiver.error(new BusClosed("The bus is closed"));
      return undefined;
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
    return line.add(++this.#sequence, text, receiver);
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
    const { maxPending, maxPendingBytes } = this.#settings;
    for (const begin of this.#waiting) {
      if (this.#count >= maxPending || this.#bytes >= maxPendingBytes) return;
      begin();
    }
  }
}
