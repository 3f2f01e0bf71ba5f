/**
 * A channel: events for many clients, with a bounded history.
 *
 * The events stand in one log, encoded once. Each client has only its place in the log, so a slow client
 * costs no memory; a client that falls behind the history is told so. The id of an event is the channel's
 * epoch and the number of the event. The epoch is new in each process, so that an id of an earlier process
 * is known as such.
 *
 * With a bus, the channels of one name are one channel: an event goes to the bus, and comes back to the log of
 * each process with the same id. So a client may come back to any process.
 *
 * Apps make a channel, publish to it, and give it to `eventStream`.
 *
 * @module
 */

import { hostTime } from "../../adapters/shared/host_clock.ts";
import {
  Call,
  checkNames,
  type Clock,
  type Duration,
  type Operation,
  optionError,
  toMilliseconds,
} from "../coroutine/mod.ts";
import { EventLog } from "./event_log.ts";
import { EventSubscription, type SubscriptionOptions } from "./subscription.ts";
import { type ServedBus, SharedTopic } from "../wsgi/mod.ts";
import { EventTopic } from "./event_topic.ts";
import type { EventFields } from "./event_format.ts";

/** An event of a channel. The channel itself gives the id. */
export type ChannelEvent = Omit<EventFields, "id">;

/** The events of a channel after an id, for a client that does not read a stream of events. */
export interface MissedEvents {
  /** Whether events between the id and the first of {@linkcode MissedEvents.events} are missing. */
  readonly stale: boolean;
  /** The events, oldest first. */
  readonly events: readonly (ChannelEvent & { readonly id: string })[];
  /** The id of the latest event: the one to ask with next. */
  readonly lastId: string;
}

/** The bounds of the history. The latest event is always kept. */
export interface HistoryLimits {
  /** The largest number of events. Default: 1,000. */
  readonly count?: number;
  /** The largest sum of their bytes on the wire. Default: 1 MiB. */
  readonly bytes?: number;
  /** The greatest age. Default: 5 minutes; `Infinity` for no bound. */
  readonly age?: Duration;
}

/** The options of a channel. */
export interface EventChannelOptions {
  /** The bounds of the history, for clients that come back and for clients that are slow. */
  readonly history?: HistoryLimits;
  /**
   * The part of an id that names this channel: 1 to 64 of the characters `A-Z a-z 0-9 _ .`. Default: a random
   * one. Give one only if the numbers of its events never begin again.
   */
  readonly epoch?: string;
  /**
   * Joins the channels of this `name` in all processes: the option `bus` of the server, or
   * `environ.cogen.servedBus`. The ids come from the bus then, so there is no `epoch`. `undefined`, as a server
   * without a bus has it: a channel of this process alone.
   */
  readonly bus?: ServedBus | undefined;
  /** The name of the channel on the bus. */
  readonly name?: string | undefined;
  /** The clock for `age`, with `now()` in milliseconds. Default: the monotonic time of the runtime. */
  readonly clock?: Pick<Clock, "now">;
}

/**
 * A channel of events.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { EventChannel, eventStream } from "@x/cogen-wsgi/sse";
 * import { testClient } from "@x/cogen-wsgi/testing";
 *
 * const news = new EventChannel();
 * await using client = testClient((environ, startResponse) =>
 *   eventStream(environ, startResponse, news)
 * );
 * const stream = await client.open("/", { headers: { "Last-Event-ID": news.lastId } });
 * news.publish({ event: "headline", data: "It works" });
 * await stream.until("data: It works\n\n");
 * assertEquals(news.subscribers, 1);
 * news.close();
 * ```
 */
export class EventChannel {
  readonly #log: EventLog;
  /** The other processes of the channel; `undefined` without a bus. */
  readonly #topic: EventTopic | undefined;

  /**
   * Makes a channel.
   *
   * @param options The bounds of the history; the epoch.
   * @throws {TypeError} If an option is of a wrong kind or unknown.
   * @throws {RangeError} If `count` or `bytes` is no whole number above 0, or `age` is negative.
   */
  constructor(options: EventChannelOptions = {}) {
    options = checkNames("EventChannel", options, ["history", "epoch", "bus", "name", "clock"]);
    const shared = SharedTopic.of<ChannelEvent>("An EventChannel", options);
    if (shared !== undefined && options.epoch !== undefined) {
      throw new TypeError("An EventChannel on a bus has no epoch of its own");
    }
    const { history = {}, epoch = randomEpoch(), clock = hostTime } = options;
    const bounds = checkNames("history of EventChannel", history, ["count", "bytes", "age"]);
    const { count = 1000, bytes = 1 << 20, age = { minutes: 5 } } = bounds;
    checkCount("history.count", count);
    checkCount("history.bytes", bytes);
    if (typeof epoch !== "string" || !/^[\w.]{1,64}$/.test(epoch)) {
      throw optionError("epoch", epoch, "1 to 64 of the characters A-Z a-z 0-9 _ .");
    }
    if (typeof clock?.now !== "function") throw optionError("clock", clock, "an object with now()");
    const maxAgeMs = toMilliseconds(age, "history.age");
    const settings = { maxCount: count, maxBytes: bytes, maxAgeMs, epoch, clock };
    this.#log = new EventLog(settings, shared !== undefined);
    if (shared !== undefined) this.#topic = new EventTopic(shared, this.#log, count);
  }

  /** The number of streams that are open on this channel. */
  get subscribers(): number {
    return this.#log.subscribers;
  }

  /** The id of the latest event; before the first one, an id that all events follow. */
  get lastId(): string {
    return this.#log.idOf(this.#log.last);
  }

  /**
   * Sends an event to all streams of this channel, and keeps it in the history.
   *
   * @param event The fields, or the data alone.
   * @returns The id of the event. On a bus, `undefined`: the id is known when the event comes back.
   * @throws {TypeError} If the event cannot be written; see `formatEvent`. The channel has no new event then.
   * @throws {TypeError} If the channel is closed, or its bus is.
   * @throws {BusFull} If too many events wait for the bus.
   */
  publish(event: string | ChannelEvent): string | undefined {
    if (event === undefined || event === null) throw optionError("The event", event, EVENT);
    const fields = typeof event === "string" ? { data: event } : event;
    if (this.#topic === undefined) return this.#log.append(fields);
    this.#log.check(fields);
    this.#topic.publish(fields);
    return undefined;
  }

  /**
   * Chooses the events of a stream. The result is given to `eventStream`, as the channel itself is if there is
   * nothing to choose.
   *
   * @param options A filter, the place to begin, and the policy for a slow client.
   * @throws {TypeError} If an option is of a wrong kind or unknown.
   */
  subscribe(options: SubscriptionOptions = {}): EventSubscription {
    return new EventSubscription(this.#log, options);
  }

  /**
   * Reads the events that a client has missed: for long polling, or for a WebSocket that opens again.
   *
   * @param id The id of the last event that the client has seen. Without it, all events of the history count as
   *   missed.
   * @returns The events in the history after the id.
   */
  eventsAfter(id?: string): MissedEvents {
    if (id !== undefined) checkId("eventsAfter", id);
    const log = this.#log;
    const { first, last } = log;
    if (id !== undefined && log.isAhead(id)) return { stale: false, events: [], lastId: id };
    const seen = id === undefined ? first - 1 : log.numberOf(id) ?? -1;
    const stale = seen < first - 1;
    const events = [];
    for (let number = stale ? first : seen + 1; number <= last; number++) {
      events.push({ ...log.at(number).fields, id: log.idOf(number) });
    }
    return { stale, events, lastId: this.lastId };
  }

  /**
   * Waits until {@linkcode EventChannel.eventsAfter} has something new for a client, or the channel is closed.
   *
   * @param id The id of the last event that the client has seen.
   * @returns An operation; without a wait, if there are events already, or the id is not one of this channel.
   */
  newsAfter(id: string): Operation<void> {
    checkId("newsAfter", id);
    const log = this.#log;
    const after = () => log.after(log.numberOf(id) ?? -1);
    return log.isAhead(id)
      ? Call(function* () {
        while (log.isAhead(id) && !log.closed) {
          log.inquire(id);
          yield* log.after(Infinity);
        }
        yield* after();
      })
      : after();
  }

  /**
   * Waits until the history has come from the bus. Before that, {@linkcode EventChannel.eventsAfter} knows no
   * event. Streams and {@linkcode EventChannel.newsAfter} wait by themselves.
   *
   * @returns An operation; without a wait, if the history is here, or there is no bus.
   */
  ready(): Operation<void> {
    return this.#log.after(-1);
  }

  /**
   * Closes the channel. Its streams end after the last event. A client that comes back gets the events that
   * it has not seen; after that it is answered with 204, so that it does not come back again.
   *
   * A channel whose bus has ended or has refused it is no such end: its streams end, and clients come back.
   */
  close(): void {
    this.#topic?.close();
    this.#log.close();
  }
}

function checkCount(name: string, value: unknown): void {
  if (typeof value !== "number") throw optionError(name, value, "a whole number, 1 or more");
  if ((Number.isInteger(value) || value === Infinity) && value >= 1) return;
  throw new RangeError(`${name} is ${value}: expected a whole number, 1 or more`);
}

function randomEpoch(): string {
  return Math.random().toString(36).slice(2).padEnd(8, "0");
}

const EVENT = 'a text, or fields such as { event: "news", data: "text" }';

/** The id may come from a query, where a missing one is `null`. */
function checkId(of: string, id: unknown): void {
  if (typeof id === "string") return;
  const advice = of === "eventsAfter" ? ", or undefined for the whole history" : "";
  throw optionError(`The id of ${of}`, id, `the id of an event, which is a string${advice}`);
}
