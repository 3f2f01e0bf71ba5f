/**
 * Topics: publishing through the outbox, and subscriptions that share one tail for each process.
 *
 * `bus.ts` makes these.
 *
 * @module
 */

import { checkNames, type Operation, operation } from "../coroutine/mod.ts";
import type {
  BusPosition,
  BusTopicOf,
  TopicHistory,
  TopicItem,
  TopicMessage,
  TopicSubscribeOptions,
  TopicSubscriptionOf,
} from "../wsgi/mod.ts";
import { checkAfter, checkCount } from "./checks.ts";
import { Cursor } from "./cursor.ts";
import { MAX_BATCH_BYTES } from "./settings.ts";
import type { BusCore, Wrap } from "./core.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

/** The topic of one log. */
export class Topic<T> implements BusTopicOf<T, "plain"> {
  readonly name: string;
  readonly #core: BusCore;
  readonly #wrap: Wrap;
  readonly #log: string;

  /** @param log The name of the log in the transport. */
  constructor(core: BusCore, wrap: Wrap, name: string, log: string) {
    this.name = name;
    this.#core = core;
    this.#wrap = wrap;
    this.#log = log;
  }

  publish(value: T): Operation<BusPosition> {
    const text = this.#encode(value);
    return this.#wrap(this.#core.outbox.send(this.#destination, text, `publish(${this.name})`));
  }

  publishNowait(value: T): void {
    this.#core.outbox.sendNowait(this.#destination, this.#encode(value));
  }

  subscribe(options: TopicSubscribeOptions = {}): Operation<TopicSubscriptionOf<T, "plain">> {
    const { after: given = "end" } = checkNames("subscribe", options, ["after"]);
    const after = checkAfter(given);
    const name = `subscribe(${this.name})`;
    return this.#wrap(this.#core.call(name, async () => {
      const cursor = await openCursor(this.#core, this.#log, after);
      return new TopicSubscription<T>(cursor, this.#wrap, this.name);
    }, (subscription) => subscription.close()));
  }

  history(count: number): Operation<TopicHistory<T>> {
    checkCount("The count of history", count);
    return this.#wrap(this.#core.call(`history(${this.name})`, () => this.#read(count)));
  }

  async #read(count: number): Promise<TopicHistory<T>> {
    const { transport } = this.#core.settings;
    const limits = { maxCount: 100, maxLength: MAX_BATCH_BYTES };
    const end = await placeOf(this.#core, this.#log, "end");
    let position: BusPosition = await placeOf(this.#core, this.#log, "start");
    let messages: TopicMessage<T>[] = [];
    while (position.epoch === end.epoch && position.offset < end.offset) {
      const { entries, epoch, isGap } = await transport.page(this.#log, position, limits);
      if (isGap) messages = [];
      if (epoch !== end.epoch || entries.length === 0) break;
      for (const { offset, text } of entries) {
        const message = decodeMessage(text);
        position = { epoch, offset };
        if (message === undefined) continue;
        messages.push({ kind: "message", ...position, value: message.value as T });
      }
      messages = messages.slice(-count);
    }
    return { messages, position: position.offset < end.offset ? end : position };
  }

  get #destination(): { readonly kind: "log"; readonly name: string } {
    return { kind: "log", name: this.#log };
  }

  #encode(value: T): string {
    return encodeMessage(value, this.#core.settings.maxMessageBytes);
  }
}

/** Opens a cursor. The tail is told of it first, so that no message comes between. */
export async function openCursor(
  core: BusCore,
  log: string,
  after: BusPosition | "start" | "end",
): Promise<Cursor> {
  const tail = core.tail(log);
  tail.enter();
  try {
    const position = typeof after === "object" ? after : await placeOf(core, log, after);
    tail.begin(position);
    const cursor = new Cursor(core.settings, tail, position);
    core.keep(cursor);
    return cursor;
  } catch (error) {
    tail.leave();
    throw error;
  }
}

async function placeOf(core: BusCore, log: string, after: "start" | "end"): Promise<BusPosition> {
  const limits = { maxCount: 1, maxLength: 1 };
  const { epoch, entries, last } = await core.settings.transport.page(log, after, limits);
  const [oldest] = entries;
  return { epoch, offset: oldest === undefined ? last : oldest.offset - 1 };
}

/** A subscription, as its subscriber sees it. */
class TopicSubscription<T> implements TopicSubscriptionOf<T, "plain"> {
  readonly #cursor: Cursor;
  readonly #wrap: Wrap;
  readonly #name: string;

  constructor(cursor: Cursor, wrap: Wrap, name: string) {
    this.#cursor = cursor;
    this.#wrap = wrap;
    this.#name = name;
  }

  get position(): BusPosition {
    return this.#cursor.position;
  }

  receive(): Operation<TopicItem<T>> {
    return this.#wrap(
      operation<TopicItem<T>>(
        (resume) => this.#cursor.take(resume as Parameters<Cursor["take"]>[0]),
        `receive(${this.#name})`,
      ),
    );
  }

  close(): void {
    this.#cursor.close();
  }
}
