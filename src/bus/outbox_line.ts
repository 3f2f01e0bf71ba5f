/**
 * The messages for one log or one queue that wait for the broker.
 *
 * A line has at most one call of the transport at a time: so the order is kept, and a broker that hangs holds one
 * batch for each line. A call that fails is made again, with the same messages in the same order; the broker knows
 * those that it has by their sequence.
 *
 * `outbox.ts` makes the lines.
 *
 * @module
 */

import { setTimerInParts } from "../coroutine/clock.ts";
import type { BusPosition } from "../wsgi/mod.ts";
import { BusClosed, BusFull, BusUnavailable } from "./errors.ts";
import { type BusSettings, MAX_BATCH_BYTES } from "./settings.ts";
import { pauseMs, Wakeup } from "./time.ts";
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

interface Pending {
  readonly receiver: Receiver;
  readonly sequence: number;
  readonly text: string;
  readonly since: number;
  /** Whether the receiver has an outcome. */
  isSettled: boolean;
}

/** The position of a job: queues have none. */
const NOWHERE: BusPosition = { epoch: "", offset: 0 };

/** The receivers of the events of a line. */
interface LineEvents {
  /** Called with the text of each message that leaves the line. */
  onLeft(text: string): void;
  /** Called when no message is left. */
  onEmpty(): void;
  /** Gives the position of the last message that the log has confirmed. */
  confirmed(): BusPosition | undefined;
  /** Called with the position of the last message of each call that has succeeded. */
  onConfirmed(position: BusPosition): void;
}

/** The messages for one log or one queue. It lives as long as there are some. */
export class OutboxLine {
  readonly #settings: BusSettings;
  readonly #destination: Destination;
  readonly #events: LineEvents;
  readonly #wakeup: Wakeup;
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
    this.#wakeup = new Wakeup(settings.clock);
  }

  /**
   * Adds a message. The function that is returned takes it back, if no call has it.
   *
   * @param since The time at which `publishTimeout` has begun, by the clock: not before that of the message ahead.
   */
  add(sequence: number, text: string, receiver: Receiver, since: number): () => void {
    const pending: Pending = { receiver, sequence, text, since, isSettled: false };
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
    this.#wakeup.wake();
    const error = new BusClosed("The bus was closed before the broker had the message");
    for (const pending of this.#pending) settle(pending, error);
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
        await this.#wakeup.wait(pauseMs(++failures));
        this.#expire();
        this.#removeSettled();
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
    this.#cancelTimer = setTimerInParts(clock, delayMs, () => {
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
      settle(pending, new BusUnavailable(message, { cause: this.#lastError }));
    }
  }

  #removeSettled(): void {
    const settled = this.#pending.filter(({ isSettled }) => isSettled);
    this.#pending = this.#pending.filter(({ isSettled }) => !isSettled);
    for (const { text } of settled) this.#events.onLeft(text);
  }

  #remove(index: number, count: number): void {
    for (const { text } of this.#pending.splice(index, count)) this.#events.onLeft(text);
  }
}

function settle(pending: Pending, outcome: BusPosition | Error): void {
  if (pending.isSettled) return;
  pending.isSettled = true;
  if (outcome instanceof Error) pending.receiver.error(outcome);
  else pending.receiver.value(outcome);
}
