/**
 * An object of this process that is one object in all processes, by a topic of a bus.
 *
 * The options `bus` and `name` are checked, the topic is subscribed to, again and again while the broker is out of
 * reach, and each item is given in order. An end that its owner has not asked for leaves an error for publishers.
 *
 * `EventChannel` of `./sse` and `Topic` of `./websocket` are such objects.
 *
 * @module
 */

import { Call, optionError } from "../coroutine/mod.ts";
import type { BusTopicOf, ServedBus, TopicItem, TopicSubscriptionOf } from "./bus.ts";

/** The way of an object to the other processes. */
export class SharedTopic<T> {
  /** The bus. */
  readonly bus: ServedBus;
  /** The topic of this name on the bus. */
  readonly topic: BusTopicOf<T, "plain">;
  #subscription: TopicSubscriptionOf<T, "plain"> | undefined;
  #isClosed = false;
  #failure: TypeError | undefined;

  private constructor(bus: ServedBus, name: string) {
    this.bus = bus;
    this.topic = bus.topic<T>(name);
  }

  /**
   * Reads the options of an object. A name without the option `bus` is a mistake; a server without a bus has the
   * option as `undefined`.
   *
   * @param owner The object, for the message of an error: `a Topic`.
   * @param options Its options.
   * @returns `undefined` without a bus.
   * @throws {TypeError} If one of the two options is missing, or the bus is none.
   */
  static of<T>(
    owner: string,
    options: { readonly bus?: ServedBus | undefined; readonly name?: string | undefined },
  ): SharedTopic<T> | undefined {
    const { bus, name } = options;
    if (Object.hasOwn(options, "bus") !== (name !== undefined)) {
      throw new TypeError(`${owner} on a bus has both options, bus and name`);
    }
    if (bus === undefined) return undefined;
    if (typeof bus?.topic !== "function" || typeof bus.run !== "function") {
      throw optionError("bus", bus, "a bus: environ.cogen.servedBus");
    }
    return new SharedTopic(bus, name as string);
  }

  /** The error of each publication after the topic has ended by itself; `undefined` until then. */
  get failure(): TypeError | undefined {
    return this.#failure;
  }

  /**
   * Subscribes, and gives each item until {@linkcode SharedTopic.close}. It is called once.
   *
   * @param subscribe Subscribes once. It is called again as long as the broker is out of reach.
   * @param receive Gets each item.
   * @returns A promise of the end. If the bus is closed or refuses the subscription, or `receive` throws, the topic
   *   ends as well, and `failure` tells so.
   */
  async follow(
    subscribe: () => Promise<TopicSubscriptionOf<T, "plain">>,
    receive: (item: TopicItem<T>) => void,
  ): Promise<void> {
    try {
      const subscription = this.#subscription = await this.#open(subscribe);
      const isClosed = () => this.#isClosed;
      await this.bus.run(Call(function* () {
        while (!isClosed()) receive(yield* subscription.receive());
      }));
    } catch (error) {
      if (!this.#isClosed) this.#failure = endedError(this.topic.name, error);
    } finally {
      this.#subscription?.close();
    }
  }

  /** Ends {@linkcode SharedTopic.follow}. */
  close(): void {
    this.#isClosed = true;
    this.#subscription?.close();
  }

  async #open(
    subscribe: () => Promise<TopicSubscriptionOf<T, "plain">>,
  ): Promise<TopicSubscriptionOf<T, "plain">> {
    for (;;) {
      try {
        return await subscribe();
      } catch (error) {
        if (this.#isClosed || (error as Error).name !== "BusUnavailable") throw error;
      }
    }
  }
}

function endedError(name: string, cause: unknown): TypeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TypeError(`Cannot publish: the topic ${JSON.stringify(name)} has ended: ${reason}`, {
    cause,
  });
}
