/**
 * The events of a channel on a bus: those of the other processes, and the own ones, in one order.
 *
 * First the history of the topic fills the log, so that a client that comes back finds its place in any process.
 * Then each event of the topic follows. A gap of the topic becomes a gap of the log, which tells each client.
 *
 * `event_channel.ts` makes this.
 *
 * @module
 */

import type { BusPosition, BusTopicOf, ServedBus, TopicSubscriptionOf } from "../wsgi/mod.ts";
import type { EventFields } from "./event_format.ts";
import type { EventLog } from "./event_log.ts";

/** The largest number of events that are read at the beginning. */
const MAX_HISTORY = 10_000;

type Fields = Omit<EventFields, "id">;

/** The topic behind a channel. */
export class EventTopic {
  readonly #bus: ServedBus;
  readonly #topic: BusTopicOf<Fields, "plain">;
  readonly #log: EventLog;
  #subscription: TopicSubscriptionOf<Fields, "plain"> | undefined;
  #isClosed = false;

  /** @param count The largest number of events to begin with. */
  constructor(bus: ServedBus, name: string, log: EventLog, count: number) {
    this.#bus = bus;
    this.#topic = bus.topic<Fields>(name);
    this.#log = log;
    void this.#run(count);
  }

  publish(fields: Fields): void {
    this.#topic.publishNowait(fields);
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription?.close();
  }

  async #run(count: number): Promise<void> {
    try {
      const subscription = this.#subscription = await this.#open(Math.min(count, MAX_HISTORY));
      while (!this.#isClosed) {
        const item = await this.#bus.run(subscription.receive());
        if (item.kind === "message") this.#add(item.value, item);
        else this.#log.skip(idOf(item));
      }
    } catch {
      // The bus is closed, or the channel.
      this.#log.close();
    } finally {
      this.#subscription?.close();
    }
  }

  /** Reads the history and subscribes, again and again while the broker is out of reach. */
  async #open(count: number): Promise<TopicSubscriptionOf<Fields, "plain">> {
    for (;;) {
      try {
        // One event more: its id is the place before the first event that the log keeps.
        const { messages, position } = await this.#bus.run(this.#topic.history(count + 1));
        const subscription = await this.#bus.run(this.#topic.subscribe({ after: position }));
        for (const message of messages) this.#add(message.value, message);
        this.#log.load(idOf(position));
        return subscription;
      } catch (error) {
        if (this.#isClosed || (error as Error).name !== "BusUnavailable") throw error;
      }
    }
  }

  #add(fields: Fields, position: BusPosition): void {
    try {
      this.#log.add(fields, idOf(position));
    } catch {
      // The message is no event: another program has written to the topic.
      this.#log.skip(idOf(position));
    }
  }
}

function idOf({ epoch, offset }: BusPosition): string {
  return `${epoch}-${offset}`;
}
