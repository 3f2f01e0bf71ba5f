/**
 * Logs over NATS: one stream for all, with a subject for each.
 *
 * The offset of a message is its number in the stream. The epoch is the time at which the stream was made.
 *
 * The trap: messages are published one after the other. The client sends those that wait again after a
 * reconnection, and with several on their way, a later one could come before an earlier one. The id of a message
 * makes the server drop a message that it has already. Messages are read one after the other as well, and the
 * server may remove the oldest ones between two reads: so a page asks for its place after its entries.
 *
 * `nats.ts` calls this.
 *
 * @module
 */

import type { BusPosition } from "../../wsgi/mod.ts";
import {
  type Appended,
  type Batch,
  GAP_MARK,
  type LogEntry,
  type LogPage,
  type PageLimits,
} from "../transport.ts";
import { ANSWER_MS, type DirectQuery, errorCode, type StoredMessageLike } from "./nats_client.ts";
import type { NatsStreams } from "./nats_streams.ts";
import type { NatsTail } from "./nats_tail.ts";

/** The error code of the server: the log has an entry already. */
const WRONG_SEQUENCE = 10071;

const utf8 = new TextDecoder();

/** The logs of one transport. */
export class NatsLogs {
  readonly #streams: NatsStreams;
  readonly #subjectOf: (log: string) => string;
  readonly #tailOf: (log: string) => NatsTail | undefined;
  /** The logs whose confirmed message was looked for since the last reconnection. */
  readonly #verified = new Set<string>();

  /** @param tailOf Gives the newest messages of a log that is watched. */
  constructor(
    streams: NatsStreams,
    subjectOf: (log: string) => string,
    tailOf: (log: string) => NatsTail | undefined,
  ) {
    this.#streams = streams;
    this.#subjectOf = subjectOf;
    this.#tailOf = tailOf;
  }

  async append(log: string, { producer, messages, confirmed }: Batch): Promise<Appended> {
    const { publisher, epoch } = await this.#streams.open();
    const subject = this.#subjectOf(log);
    if (!this.#verified.has(log)) {
      if (confirmed?.epoch === epoch) await this.#verify(subject, confirmed.offset);
      if (this.#verified.size >= 1000) this.#verified.clear();
      this.#verified.add(log);
    }
    const offsets: number[] = [];
    for (const { sequence, text } of messages) {
      const options = { msgID: `${producer}-${sequence}-${log}`, timeout: ANSWER_MS };
      const { seq } = await this.#streams.watch(publisher.publish(subject, text, options));
      offsets.push(seq);
    }
    return { epoch, offsets };
  }

  async page(
    log: string,
    after: BusPosition | "start" | "end",
    limits: PageLimits,
  ): Promise<LogPage> {
    const { epoch } = await this.#streams.open();
    const subject = this.#subjectOf(log);
    if (after === "end") {
      const last = await this.#last(subject);
      return { epoch, isGap: false, entries: [], last };
    }
    if (after === "start" || after.epoch !== epoch) {
      const last = await this.#last(subject);
      const entries = await this.#oldest(subject, limits);
      return { epoch, isGap: after !== "start", entries, last };
    }
    const { offset } = after;
    const known = this.#tailOf(log);
    const entries = known?.after(offset, limits);
    if (entries !== undefined) {
      return { epoch, isGap: false, entries, last: known?.last ?? 0 };
    }
    const read = await this.#read(subject, offset + 1, limits);
    if (await this.#holds(subject, offset)) {
      return { epoch, isGap: false, entries: read, last: endOf(read) ?? offset };
    }
    const oldest = await this.#oldest(subject, limits);
    return {
      epoch,
      isGap: true,
      entries: oldest,
      last: endOf(oldest) ?? await this.#last(subject),
    };
  }

  /** Asks all logs again: the server may have lost messages. */
  reconnected(): void {
    this.#verified.clear();
  }

  /** The offset of the latest entry of a log. A log without one begins with an empty entry. */
  async #last(subject: string): Promise<number> {
    const last = await this.#get({ last_by_subj: subject });
    if (last !== undefined) return last.seq;
    const { publisher } = await this.#streams.open();
    const options = { expect: { lastSubjectSequence: 0 }, timeout: ANSWER_MS };
    try {
      return (await this.#streams.watch(publisher.publish(subject, "", options))).seq;
    } catch (error) {
      // Another process was faster.
      if (errorCode(error) !== WRONG_SEQUENCE) throw error;
      return await this.#last(subject);
    }
  }

  async #read(subject: string, from: number, limits: PageLimits): Promise<LogEntry[]> {
    const entries: LogEntry[] = [];
    let length = 0;
    for (let seq = from; entries.length < limits.maxCount && length < limits.maxLength;) {
      const next = await this.#get({ seq, next_by_subj: subject });
      if (next === undefined) break;
      const text = utf8.decode(next.data);
      entries.push({ offset: next.seq, text });
      length += text.length;
      seq = next.seq + 1;
    }
    return entries;
  }

  /**
   * Whether a log has each entry that it had after an offset. Asked after a read, this counts for all that was
   * read: the server removes the oldest entries first.
   */
  async #holds(subject: string, offset: number): Promise<boolean> {
    // The server refuses a question for 0, the place before the first message of all.
    const found = offset === 0 ? undefined : await this.#get({ seq: offset });
    return found?.subject === subject || await this.#first(subject) === offset + 1;
  }

  /** The oldest entries of a log, without those that the server removed meanwhile. */
  async #oldest(subject: string, limits: PageLimits): Promise<LogEntry[]> {
    const read = await this.#read(subject, 1, limits);
    const first = await this.#first(subject) ?? Infinity;
    const whole = read.filter(({ offset }) => offset >= first);
    return whole.length > 0 ? whole : read.slice(-1);
  }

  /** The offset of the oldest entry of a log. */
  async #first(subject: string): Promise<number | undefined> {
    return (await this.#get({ seq: 1, next_by_subj: subject }))?.seq;
  }

  /** Tells the readers of a log if a message that the server has confirmed is not there any more. */
  async #verify(subject: string, offset: number): Promise<void> {
    const found = await this.#get({ seq: offset });
    if (found?.subject === subject) return;
    const first = await this.#first(subject);
    if (first === undefined || first > offset) return;
    const { publisher } = await this.#streams.open();
    const options = { timeout: ANSWER_MS };
    await this.#streams.watch(publisher.publish(subject, GAP_MARK, options));
  }

  async #get(query: DirectQuery): Promise<StoredMessageLike | undefined> {
    const { manager, logs } = await this.#streams.open();
    const found = manager.direct.getMessage(logs, query as never);
    return await this.#streams.watch(found) ?? undefined;
  }
}

/** The `last` of a page that ends with these entries: more may follow, and the next page tells. */
function endOf(entries: readonly LogEntry[]): number | undefined {
  const last = entries.at(-1);
  return last && last.offset + 1;
}
