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

import { Sleep } from "../coroutine/mod.ts";
import type { BusPosition, SharedTopic, TopicSubscriptionOf } from "../wsgi/mod.ts";
import type { EventFields } from "./event_format.ts";
import type { EventLog } from "./event_log.ts";

/** The largest number of events that are read at the beginning. */
const MAX_HISTORY = 10_000;
/** In this time, a copy of a log comes up to date, before it is asked for its end. */
const SETTLING_SECONDS = 1;

type Fields = Omit<EventFields, "id">;

/** The topic behind a channel. */
export class EventTopic {
  readonly #shared: SharedTopic<Fields>;
  readonly #log: EventLog;

  /** @param count The largest number of events to begin with. */
  constructor(shared: SharedTopic<Fields>, log: EventLog, count: number) {
    this.#shared = shared;
    this.#log = log;
    const readEnd = () => this.#readEnd();
    log.readEnd = readEnd;
    void this.#run(Math.min(count, MAX_HISTORY));
  }

  publish(fields: Fields): void {
    this.#shared.topic.publishNowait(fields);
  }

  close(): void {
    this.#shared.close();
  }

  async #run(count: number): Promise<void> {
    await this.#shared.follow(() => this.#begin(count), (item) => {
      if (item.kind === "message") this.#add(item.value, item);
      else this.#log.skip(idOf(item));
    });
    this.#log.close(this.#shared.failure);
  }

  /** Subscribes after the history. */
  async #begin(count: number): Promise<TopicSubscriptionOf<Fields, "plain">> {
    const { bus, topic } = this.#shared;
    // One event more: its id is the place before the first event that the log keeps.
    const { messages, position } = await bus.run(topic.history(count + 1));
    const subscription = await bus.run(topic.subscribe({ after: position }));
    for (const message of messages) this.#add(message.value, message);
    this.#log.load(idOf(position));
    return subscription;
  }

  async #readEnd(): Promise<BusPosition> {
    const { bus, topic } = this.#shared;
    await bus.run(Sleep(SETTLING_SECONDS));
    const subscription = await bus.run(topic.subscribe());
    subscription.close();
    return subscription.position;
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
