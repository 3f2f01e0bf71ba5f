/**
 * The events of a channel, in order, encoded once.
 *
 * The numbers of events begin at 1. The log keeps the newest ones within its bounds, and at least one.
 *
 * The log of one process makes the ids of its numbers. The log of a channel on a bus gets its ids from the bus,
 * and knows those of the events that are kept, and the one before them.
 *
 * `EventChannel` writes the log, and the streams of its clients read it.
 *
 * @module
 */

import { type Clock, type Operation, operation, type Resume } from "../coroutine/mod.ts";
import type { BusPosition } from "../wsgi/mod.ts";
import { type EventFields, formatEvent } from "./event_format.ts";

/** The bounds of a log, and the name in its ids. */
export interface LogSettings {
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly epoch: string;
  readonly clock: Pick<Clock, "now">;
}

/** An event in the log. */
export interface LoggedEvent {
  readonly id: string;
  readonly fields: Omit<EventFields, "id">;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly time: number;
}

const utf8 = new TextEncoder();

/** The largest number of ids that are remembered as unknown to the bus. */
const MAX_UNKNOWN = 1000;

/** The log of one channel. */
export class EventLog {
  /** On a bus: reads the place of the latest event there, after a moment. */
  readEnd: (() => Promise<BusPosition>) | undefined;
  /** The number of streams that read the log. */
  subscribers = 0;
  readonly #settings: LogSettings;
  /** The kept events from `#start` on; those before it have been dropped. */
  #events: LoggedEvent[] = [];
  #start = 0;
  /** The number of the event at `#start`. */
  #first = 1;
  #bytes = 0;
  #closed = false;
  /** The error of each publication, if the log was closed by a failure. */
  #failure: Error | undefined;
  /** Whether the ids come from a bus. */
  readonly #isShared: boolean;
  /** Whether the history has come from the bus; true at once without a bus. */
  #loaded: boolean;
  /** On a bus: the numbers of the known ids, and the id before the first event that is kept. */
  readonly #numbers = new Map<string, number>();
  #idBefore = "";
  /** On a bus: the ids that the bus is being asked about, and those after its latest event. */
  readonly #inquired = new Set<string>();
  readonly #unknown = new Set<string>();
  /** The streams that wait for an event. */
  #waiting = new Set<Resume<void>>();

  /** @param isShared Whether the ids come from a bus. */
  constructor(settings: LogSettings, isShared: boolean = false) {
    this.#settings = settings;
    this.#isShared = isShared;
    this.#loaded = !isShared;
  }

  /** Whether the history has come from the bus. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Whether no event will come any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the log was closed by a failure: other processes may have later events. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** The number of the oldest event that is kept; one more than the latest, if there is none. */
  get first(): number {
    this.#dropOld();
    return this.#first;
  }

  /** The number of the latest event; 0 before the first one. */
  get last(): number {
    return this.#first + this.#events.length - this.#start - 1;
  }

  /** The event with a number from `first` to `last`. */
  at(number: number): LoggedEvent {
    return this.#events[this.#start + number - this.#first] as LoggedEvent;
  }

  idOf(number: number): string {
    if (this.#isShared) return number < this.#first ? this.#idBefore : this.at(number).id;
    return `${this.#settings.epoch}-${number}`;
  }

  /**
   * Whether an id may be that of an event which has not come from the bus: the history has not come, or the
   * client has seen the event in a process that was faster.
   */
  isAhead(id: string): boolean {
    if (!this.#isShared || this.#closed && !this.failed) return false;
    if (!this.#loaded) return true;
    return !this.#unknown.has(id) && isAfter(placeOf(id), placeOf(this.idOf(this.last)));
  }

  /**
   * Asks the bus about an id that is ahead. If it has no such event yet, no client can have seen one: the id counts
   * as unknown, and the streams are woken.
   */
  inquire(id: string): void {
    const { readEnd } = this;
    if (readEnd === undefined || !this.#loaded || this.#inquired.has(id)) return;
    this.#inquired.add(id);
    const judge = (end: BusPosition) => {
      if (!isAfter(placeOf(id), end)) return;
      if (this.#unknown.size >= MAX_UNKNOWN) this.#unknown.clear();
      this.#unknown.add(id);
      this.#wake();
    };
    // Without an answer, the id stays ahead, and the next change asks again.
    void readEnd().then(judge, () => {}).finally(() => this.#inquired.delete(id));
  }

  /** The number in an id of this log; `undefined` for any other id. */
  numberOf(id: string): number | undefined {
    if (this.#isShared) {
      // The latest id is empty before the history has come.
      if (id === this.#idBefore || id === "" || this.#isNextTo(id)) return this.#first - 1;
      return this.#numbers.get(id);
    }
    const { epoch } = this.#settings;
    if (!id.startsWith(`${epoch}-`)) return undefined;
    const digits = id.slice(epoch.length + 1);
    const number = /^(?:0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : Infinity;
    return number <= this.last ? number : undefined;
  }

  /** On a bus: whether no event can stand between an id and the oldest event that is kept. */
  #isNextTo(id: string): boolean {
    if (this.#events.length === this.#start) return false;
    const [place, oldest] = [placeOf(id), placeOf(this.at(this.#first).id)];
    return place.epoch === oldest.epoch && place.offset === oldest.offset - 1;
  }

  /**
   * Adds an event, and wakes the streams.
   *
   * @returns Its id.
   */
  append(fields: EventFields): string {
    this.#refuse(fields);
    const id = `${this.#settings.epoch}-${this.last + 1}`;
    this.add(fields, id);
    return id;
  }

  /** @throws {TypeError} If the log takes no such event. */
  check(fields: EventFields): void {
    this.#refuse(fields);
    formatEvent(fields);
  }

  /** Adds an event of the bus, with its id there. */
  add(fields: EventFields, id: string): void {
    const bytes = utf8.encode(formatEvent({ ...fields, id }));
    this.#events.push({ id, fields: { ...fields }, bytes, time: this.#settings.clock.now() });
    if (this.#isShared) this.#numbers.set(id, this.last);
    this.#bytes += bytes.length;
    this.#dropOld();
    this.#wake();
  }

  /** The events after this id follow; all earlier ones have been added. */
  load(id: string): void {
    if (this.#events.length === this.#start) this.#idBefore = id;
    this.#loaded = true;
    this.#wake();
  }

  /** Events are missing here: each stream that is behind this place, or at it, is told so. */
  skip(id: string): void {
    const { last } = this;
    this.#events = [];
    this.#start = 0;
    this.#bytes = 0;
    this.#numbers.clear();
    this.#first = last + 2;
    this.#idBefore = id;
    this.#wake();
  }

  /** @param failure The error of each later publication, if the channel does not end by its owner. */
  close(failure?: Error): void {
    this.#closed = true;
    this.#failure ??= failure;
    this.#wake();
  }

  /**
   * Waits until the history has come from the bus and there is an event after a number, or until the log is
   * closed or changes. All events are after -1, so that there the history alone is waited for; no event is after
   * `Infinity`, so that there a change is waited for. A function is called when the wait begins.
   */
  after(number: number | (() => number)): Operation<void> {
    return operation((resume) => {
      const seen = typeof number === "function" ? number() : number;
      if (this.#loaded && this.last > seen || this.#closed) return resume.value();
      this.#waiting.add(resume);
      return () => this.#waiting.delete(resume);
    }, "event");
  }

  #refuse(fields: EventFields): void {
    if (this.#closed) {
      throw this.#failure ?? new TypeError("Cannot publish: the channel is closed");
    }
    // The id that is added would hide that there is no field, as in a promise.
    if (Object.keys(fields).length === 0) formatEvent(fields);
    if (Object.hasOwn(fields, "id")) {
      throw new TypeError("Cannot publish an event with an id: the channel gives the ids");
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const resume of waiting) resume.value();
  }

  #dropOld(): void {
    const { maxCount, maxBytes, maxAgeMs, clock } = this.#settings;
    const oldest = maxAgeMs === Infinity ? -Infinity : clock.now() - maxAgeMs;
    for (let kept = this.#events.length - this.#start; kept > 1; kept--) {
      const { id, bytes, time } = this.#events[this.#start] as LoggedEvent;
      if (kept <= maxCount && this.#bytes <= maxBytes && time >= oldest) break;
      this.#bytes -= bytes.length;
      if (this.#isShared) {
        this.#numbers.delete(this.#idBefore);
        this.#idBefore = id;
      }
      this.#start++;
      this.#first++;
    }
    // The dropped events are removed together, so that an event costs the same in a log of any length.
    if (this.#start > this.#events.length / 2) {
      this.#events = this.#events.slice(this.#start);
      this.#start = 0;
    }
  }
}

/** The epoch and the offset in an id of the bus. */
function placeOf(id: string): BusPosition {
  const [, epoch = "", digits = ""] = /^(.*)-(\d{1,15})$/s.exec(id) ?? [];
  return { epoch, offset: Number(digits) };
}

/** Whether a place is a later one of the same epoch. */
function isAfter(place: BusPosition, other: BusPosition): boolean {
  return place.epoch === other.epoch && place.offset > other.offset;
}
