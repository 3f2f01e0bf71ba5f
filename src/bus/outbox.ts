/**
 * The messages that wait for the broker.
 *
 * Each log and each queue has one line of messages, and at most one call of the transport at a time: so the
 * order is kept, and a broker that hangs holds one batch for each line. A call that fails is made again, with
 * the same messages in the same order; the broker knows those that it has by their sequence.
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
import { BusClosed, BusFull, BusUnavailable } from "./errors.ts";
import { type BusSettings, MAX_BATCH_BYTES } from "./settings.ts";
import { Bell, pauseMs } from "./time.ts";
import type { Batch } from "./transport.ts";

/** The largest number of messages in one call of the transport. */
const MAX_BATCH = 100;

/** The destination of a message. */
export interface Destination {
  readonly kind: "log" | "queue";
  readonly name: string;
}

/** The receiver of the outcome of a message: the first call counts. */
export interface Receiver {
  value(position: BusPosition): void;
  error(error: unknown): void;
}

interface Pending extends Receiver {
  readonly sequence: number;
  readonly text: string;
  readonly since: number;
  /** Whether the receiver has an outcome. */
  isSettled: boolean;
}

/** The position of a job: queues have none. */
const NOWHERE: BusPosition = { epoch: "", offset: 0 };

/** The largest number of logs whose last confirmed position is known. */
const MAX_CONFIRMED = 1000;

/** All messages of one bus that wait. */
export class Outbox {
  readonly #settings: BusSettings;
  readonly #lines = new Map<string, Line>();
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
      line = new Line(this.#settings, destination, {
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

interface LineEvents {
  /** Called with the text of each message that leaves the line. */
  onLeft(text: string): void;
  onEmpty(): void;
  /** Gives the position of the last message that the log has confirmed. */
  confirmed(): BusPosition | undefined;
  onConfirmed(position: BusPosition): void;
}

/** The messages for one log or one queue. It lives as long as there are some. */
class Line {
  readonly #settings: BusSettings;
  readonly #destination: Destination;
  readonly #events: LineEvents;
  readonly #bell: Bell;
  #pending: Pending[] = [];
  /** The number of messages at the front that a call of the transport has now. */
  #inFlight = 0;
  #isRunning = false;
  #isClosed = false;
  #cancelTimer: (() => void) | undefined;
  /** The error of the last attempt. */
  #lastError: unknown;

  constructor(settings: BusSettings, destination: Destination, events: LineEvents) {
    this.#settings = settings;
    this.#destination = destination;
    this.#events = events;
    this.#bell = new Bell(settings.clock);
  }

  /** Adds a message. The function that is returned takes it back, if no call has it. */
  add(sequence: number, text: string, receiver: Receiver): () => void {
    const since = this.#settings.clock.now();
    const pending: Pending = {
      sequence,
      text,
      since,
      isSettled: false,
      value: (position) => receiver.value(position),
      error: (error) => receiver.error(error),
    };
    this.#pending.push(pending);
    if (this.#cancelTimer === undefined) this.#arm();
    if (!this.#isRunning) {
      this.#isRunning = true;
      // The messages of one turn travel together.
      void Promise.resolve().then(() => this.#run());
    }
    return () => {
      pending.isSettled = true;
      const index = this.#pending.indexOf(pending);
      if (index >= this.#inFlight) this.#remove(index, 1);
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#bell.ring();
    const error = new BusClosed("The bus was closed before the broker had the message");
    for (const pending of this.#pending) this.#fail(pending, error);
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#pending.length > 0 && !this.#isClosed;) {
      const batch = this.#pending.slice(0, this.#batchSize());
      this.#inFlight = batch.length;
      try {
        const outcomes = await this.#deliver(batch);
        failures = 0;
        batch.forEach((pending, index) => settle(pending, outcomes[index] as BusPosition | Error));
        this.#inFlight = 0;
        this.#remove(0, batch.length);
      } catch (error) {
        this.#lastError = error;
        this.#inFlight = 0;
        await this.#bell.wait(pauseMs(++failures));
        this.#expire();
        this.#pending.filter(({ isSettled }) => isSettled).forEach((pending) =>
          this.#remove(this.#pending.indexOf(pending), 1)
        );
      }
    }
    this.#isRunning = false;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#isClosed) this.#remove(0, this.#pending.length);
    this.#events.onEmpty();
  }

  #batchSize(): number {
    let bytes = 0;
    let count = 0;
    for (const { text } of this.#pending) {
      bytes += text.length;
      if (count > 0 && (count === MAX_BATCH || bytes > MAX_BATCH_BYTES)) break;
      count++;
    }
    return count;
  }

  async #deliver(messages: readonly Pending[]): Promise<(BusPosition | Error)[]> {
    const { transport, producer } = this.#settings;
    const { kind, name } = this.#destination;
    const batch: Batch = {
      producer,
      messages: messages.map(({ sequence, text }) => ({ sequence, text })),
    };
    if (kind === "log") {
      const confirmed = this.#events.confirmed();
      const { epoch, offsets } = await transport.append(name, { ...batch, confirmed });
      this.#events.onConfirmed({ epoch, offset: offsets.at(-1) as number });
      return offsets.map((offset) => ({ epoch, offset }));
    }
    const taken = await transport.put(name, batch);
    return messages.map((_, index) => index < taken ? NOWHERE : new BusFull("The queue is full"));
  }

  /** The messages are in order of time, so one timer for the oldest is enough. */
  #arm(): void {
    const { clock, publishTimeoutMs } = this.#settings;
    const oldest = this.#pending.find(({ isSettled }) => !isSettled);
    this.#cancelTimer = undefined;
    if (oldest === undefined || publishTimeoutMs === Infinity) return;
    const delayMs = Math.max(0, oldest.since + publishTimeoutMs - clock.now());
    this.#cancelTimer = clock.setTimer(delayMs, () => {
      this.#expire();
      this.#arm();
    });
  }

  #expire(): void {
    const { clock, publishTimeoutMs, transport } = this.#settings;
    const now = clock.now();
    for (const pending of this.#pending) {
      if (pending.isSettled || now - pending.since < publishTimeoutMs) continue;
      const message = `${transport.name} has not confirmed a message within ` +
        `${publishTimeoutMs / 1000} s; the message may still arrive`;
      this.#fail(pending, new BusUnavailable(message, { cause: this.#lastError }));
    }
  }

  #fail(pending: Pending, error: Error): void {
    settle(pending, error);
  }

  #remove(index: number, count: number): void {
    for (const { text } of this.#pending.splice(index, count)) this.#events.onLeft(text);
  }
}

function settle(pending: Pending, outcome: BusPosition | Error): void {
  if (pending.isSettled) return;
  pending.isSettled = true;
  if (outcome instanceof Error) pending.error(outcome);
  else pending.value(outcome);
}
