/**
 * The messages of a topic on a bus: those of all processes, in one order.
 *
 * A message goes to the bus, and comes back to each process, the own one included. Messages that are published
 * before the subscription is open wait here, because the subscription could begin after them otherwise.
 *
 * `topic.ts` makes this.
 *
 * @module
 */

import type { BusTopicOf, ServedBus, TopicSubscriptionOf } from "../wsgi/mod.ts";
import type { Message } from "./message.ts";

/** The largest number of messages that wait for the subscription. */
const MAX_HELD = 1000;

/** The receiver of a link. */
export interface LinkReceiver {
  /** A message of any process. */
  deliver(message: Message): void;
  /** Messages are missing here: the broker has lost or dropped them. */
  miss(): void;
  /** The link has ended by itself: the bus is closed, or the subscription has failed. */
  ended(error: unknown): void;
}

/** The way of a topic to the other processes. */
export class TopicLink {
  readonly #bus: ServedBus;
  readonly #topic: BusTopicOf<Message, "plain">;
  readonly #receiver: LinkReceiver;
  /** The messages that wait for the subscription; `undefined` once it is open. */
  #held: Message[] | undefined = [];
  #subscription: TopicSubscriptionOf<Message, "plain"> | undefined;
  #isClosed = false;

  constructor(bus: ServedBus, name: string, receiver: LinkReceiver) {
    this.#bus = bus;
    this.#topic = bus.topic<Message>(name);
    this.#receiver = receiver;
    void this.#run();
  }

  publish(message: Message): void {
    const held = this.#held;
    if (held === undefined) return this.#topic.publishNowait(message);
    // The operation is not performed: making it checks the message.
    this.#topic.publish(message);
    if (held.length === MAX_HELD) {
      throw new Error(`Cannot publish: ${MAX_HELD} messages wait for the bus already`);
    }
    held.push(message);
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription?.close();
  }

  async #run(): Promise<void> {
    try {
      const subscription = this.#subscription = await this.#open();
      this.#release();
      while (!this.#isClosed) {
        const item = await this.#bus.run(subscription.receive());
        if (item.kind === "message" && isMessage(item.value)) this.#receiver.deliver(item.value);
        else this.#receiver.miss();
      }
    } catch (error) {
      if (!this.#isClosed) this.#receiver.ended(error);
    } finally {
      this.#subscription?.close();
    }
  }

  /** Subscribes, again and again while the broker is out of reach. */
  async #open(): Promise<TopicSubscriptionOf<Message, "plain">> {
    for (;;) {
      try {
        return await this.#bus.run(this.#topic.subscribe());
      } catch (error) {
        if (this.#isClosed || (error as Error).name !== "BusUnavailable") throw error;
      }
    }
  }

  /** Publishes the messages that have waited. */
  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) this.#topic.publishNowait(message);
  }
}

/** Another program may write anything to the topic. */
function isMessage(value: unknown): value is Message {
  return typeof value === "string" || value instanceof Uint8Array;
}
