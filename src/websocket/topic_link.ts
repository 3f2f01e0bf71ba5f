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

import { Call, type Operation, until } from "../coroutine/mod.ts";
import type { SharedTopic, TopicSubscriptionOf } from "../wsgi/mod.ts";
import type { Message } from "./message.ts";

/** The largest number of messages that wait for the subscription. */
const MAX_HELD = 1000;

/** The receiver of a link. */
export interface LinkReceiver {
  /** A message of any process. */
  deliver(message: Message): void;
  /** Messages are missing here: the broker has lost or dropped them. */
  miss(): void;
  /** The link has ended by itself: `failure` has the reason. */
  ended(): void;
}

/** The way of a topic to the other processes. */
export class TopicLink {
  readonly #shared: SharedTopic<Message>;
  readonly #receiver: LinkReceiver;
  /** The messages that wait for the subscription; `undefined` once it is open. */
  #held: Message[] | undefined = [];
  /** Settles when the subscription is open, or when it never will be. */
  readonly #opened: Promise<void>;
  #open: () => void = () => {};

  constructor(shared: SharedTopic<Message>, receiver: LinkReceiver) {
    this.#shared = shared;
    this.#receiver = receiver;
    this.#opened = new Promise((resolve) => this.#open = resolve);
    void this.#run();
  }

  /** The error of each publication after the link has ended by itself. */
  get failure(): TypeError | undefined {
    return this.#shared.failure;
  }

  publish(message: Message): void {
    const held = this.#held;
    const { topic } = this.#shared;
    if (held === undefined) return topic.publishNowait(message);
    // The operation is not performed: making it checks the message.
    topic.publish(message);
    if (held.length === MAX_HELD) {
      throw new Error(`Cannot publish: ${MAX_HELD} messages wait for the bus already`);
    }
    held.push(message);
  }

  /** Publishes a message, and waits until the bus has it. */
  send(message: Message): Operation<void> {
    const { topic } = this.#shared;
    const opened = this.#opened;
    const failure = () => this.failure;
    return Call(function* () {
      yield* until(opened);
      const error = failure();
      if (error !== undefined) throw error;
      yield* topic.publish(message);
    });
  }

  close(): void {
    this.#shared.close();
  }

  async #run(): Promise<void> {
    await this.#shared.follow(() => this.#begin(), (item) => {
      if (item.kind === "message" && isMessage(item.value)) this.#receiver.deliver(item.value);
      else this.#receiver.miss();
    });
    this.#open();
    if (this.failure !== undefined) this.#receiver.ended();
  }

  /** Subscribes, and publishes the messages that have waited. */
  async #begin(): Promise<TopicSubscriptionOf<Message, "plain">> {
    const { bus, topic } = this.#shared;
    const subscription = await bus.run(topic.subscribe());
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) topic.publishNowait(message);
    this.#open();
    return subscription;
  }
}

/** Another program may write anything to the topic. */
function isMessage(value: unknown): value is Message {
  return typeof value === "string" || value instanceof Uint8Array;
}
