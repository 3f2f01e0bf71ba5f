/**
 * The stream of one client on a channel: the place to begin, a filter, and replay.
 *
 * A client that comes back sends the id of its last event. If the log still has all events after that one,
 * the stream goes on there. Otherwise one event `stale` says that events are missing, and the stream goes on
 * with the oldest event that is kept. The same happens to a client that is so slow that the log drops events
 * before the client has taken them.
 *
 * `EventChannel.subscribe` makes subscriptions, and `event_stream.ts` opens them.
 *
 * @module
 */

import { checkNames, checkOption, type Operation, optionError } from "../coroutine/mod.ts";
import { type Block, isPromise } from "../wsgi/mod.ts";
import { type EventFields, formatEvent } from "./event_format.ts";
import type { EventLog } from "./event_log.ts";
import type { Feed } from "./feed.ts";

/**
 * The policy for a client that is behind the history:
 *
 * - `stale`: it gets an event `stale`, and then the events that are kept.
 * - `close`: its connection ends. When it comes back, it gets the event `stale`.
 */
export type SlowClientPolicy = "stale" | "close";

/** The options of a subscription. */
export interface SubscriptionOptions {
  /** Says whether a client gets an event. Default: every event. */
  readonly filter?: (event: EventFields) => boolean;
  /** The id after which a client begins that sends no `Last-Event-ID`. Default: the latest event. */
  readonly after?: string | undefined;
  /**
   * The number of the latest events that a client gets that sends no `Last-Event-ID`, without `after`.
   * Default: 0. `Infinity` gives the whole history.
   */
  readonly history?: number;
  /** The policy for a client that is too slow. Default: `stale`. */
  readonly slow?: SlowClientPolicy;
}

/** The events that a client gets of a channel. */
export class EventSubscription {
  readonly #log: EventLog;
  readonly #options: SubscriptionOptions;

  /** @ignore */
  constructor(log: EventLog, options: SubscriptionOptions) {
    options = checkNames("subscribe", options, ["filter", "after", "history", "slow"]);
    const { filter, after, history = 0, slow = "stale" } = options;
    checkOption("filter of subscribe", filter, "function");
    checkOption("after of subscribe", after, "string");
    if (typeof history !== "number" || !(history >= 0)) {
      throw optionError("history of subscribe", history, "a number of events, 0 or more");
    }
    if (slow !== "stale" && slow !== "close") {
      throw optionError("slow of subscribe", slow, '"stale" or "close"');
    }
    this.#log = log;
    this.#options = options;
  }

  /**
   * Opens the stream of one client.
   *
   * @param lastId The `Last-Event-ID` of the client.
   * @returns `undefined` if the channel is closed, and the client has seen all its events. A channel whose bus has
   *   failed gives a stream that ends, so that the client comes back.
   *
   * @ignore
   */
  open(lastId: string | undefined): Feed | undefined {
    const log = this.#log;
    const { after, history = 0 } = this.#options;
    const id = lastId ?? after;
    const place = () => {
      const isLater = id === undefined
        ? !log.loaded && (!log.closed || log.failed)
        : log.isAhead(id);
      if (isLater) return "later";
      const { first, last } = log;
      const seen = id === undefined ? Math.max(first - 1, last - history) : log.numberOf(id);
      return seen !== undefined && seen >= first - 1 ? seen : undefined;
    };
    if (log.closed && !log.failed && place() === log.last) return undefined;
    const inquire = () => {
      if (id !== undefined) log.inquire(id);
    };
    return new SubscriptionFeed(log, this.#options, { place, inquire });
  }
}

/** A promise is no answer: it would let every event pass. */
function passes(filter: (event: EventFields) => unknown, fields: EventFields): boolean {
  const passed = filter(fields);
  if (isPromise(passed)) throw optionError("The result of filter", passed, "true or false");
  return Boolean(passed);
}

/** The name of the event that tells of a gap. */
const STALE = "stale";

/** The place of a client. */
interface Place {
  /**
   * Gives the number of the last event that the client has seen: `undefined` if the event is not known, `later` if
   * it may come from the bus.
   */
  readonly place: () => number | undefined | "later";
  /** Asks the bus whether it may come. */
  readonly inquire: () => void;
}

class SubscriptionFeed implements Feed {
  readonly #log: EventLog;
  readonly #options: SubscriptionOptions;
  /** The number of the last event that the client has seen or that the filter has left out. */
  #seen = 0;
  /** Gives the place to begin; `undefined` once it is found. */
  #place: Place | undefined;
  /** The number in the last id that the client was sent; -1 before the first id. */
  #told = -1;
  /** Whether the client comes back with an id after which events are missing. */
  #isStale = false;
  /** Whether the stream ends because the client is too slow. */
  #isCut = false;

  constructor(log: EventLog, options: SubscriptionOptions, place: Place) {
    this.#log = log;
    this.#options = options;
    this.#place = place;
    log.subscribers++;
    this.#begin();
  }

  /** Finds the place to begin; gives whether it is found. */
  #begin(): boolean {
    if (this.#place === undefined) return true;
    const { place, inquire } = this.#place;
    const seen = place();
    if (seen === "later") {
      inquire();
      return false;
    }
    this.#place = undefined;
    this.#isStale = seen === undefined;
    this.#seen = seen ?? 0;
    return true;
  }

  get ended(): boolean {
    // A place that is still open comes in another process, because the bus of this one has failed.
    const isOver = this.#place !== undefined || this.#seen === this.#log.last;
    return this.#isCut || this.#log.closed && isOver;
  }

  take(): Block | undefined {
    if (!this.#begin()) return undefined;
    const { filter, slow } = this.#options;
    // A filter may publish, so the log may drop events meanwhile. The new events are for the next call.
    const { last } = this.#log;
    for (;;) {
      const { first } = this.#log;
      const isBehind = this.#seen < first - 1;
      if (isBehind && !this.#isStale && slow === "close") this.#isCut = true;
      if (this.#isCut) return undefined;
      if (isBehind || this.#isStale) return this.#takeStale(first - 1);
      if (this.#seen >= last) return undefined;
      const event = this.#log.at(++this.#seen);
      if (filter !== undefined && !passes(filter, event.fields)) continue;
      this.#told = this.#seen;
      return event.bytes;
    }
  }

  ready(): Operation<void> {
    // The event `stale` is ready also if the log is empty.
    const seen = () => this.#isStale ? -1 : this.#seen;
    return this.#log.after(() => this.#place === undefined ? seen() : Infinity);
  }

  place(): string | undefined {
    if (this.#place !== undefined) return undefined;
    const isBehind = this.#isStale || this.#seen < this.#log.first - 1;
    if (isBehind || this.#told === this.#seen) return undefined;
    this.#told = this.#seen;
    return formatEvent({ id: this.#log.idOf(this.#seen) });
  }

  close(): undefined {
    this.#log.subscribers--;
  }

  /** Tells the client that events up to a number are missing. */
  #takeStale(number: number): string {
    this.#isStale = false;
    this.#seen = this.#told = number;
    return formatEvent({ event: STALE, id: this.#log.idOf(number), data: "" });
  }
}
