/**
 * The transport over NATS JetStream, of a server from 2.9 on.
 *
 * All logs are one stream, with a subject for each log; the offset of a message is its number in the stream. All
 * queues are another stream (`nats_queue.ts`). The epoch is the time at which the stream was made. The server
 * repeats each message that it has stored on a subject of plain NATS, which is the news for the watchers.
 *
 * The trap: messages are published one after the other. The client sends those that wait again after a
 * reconnection, and with several on their way, a later one could come before an earlier one. The id of a message
 * makes the server drop a message that it has already.
 *
 * @module
 */

import { checkNames, type Duration, optionError, toMilliseconds } from "../../coroutine/mod.ts";
import type { BusPosition } from "../../wsgi/mod.ts";
import { checkCount } from "../checks.ts";
import {
  type Appended,
  type Batch,
  type BusTransport,
  GAP_MARK,
  type LeasedJob,
  type LogEntry,
  type LogPage,
  type PageLimits,
  type Settlement,
  type TakeLimits,
} from "../transport.ts";
import {
  ANSWER_MS,
  checkNats,
  type DirectQuery,
  encodeName,
  errorCode,
  type JetStreamLike,
  type NatsConnectionLike,
  type NatsMessageLike,
  type StoredMessageLike,
} from "./nats_client.ts";
import { NatsQueues } from "./nats_queue.ts";
import { NatsStreams } from "./nats_streams.ts";
import { NatsTail } from "./nats_tail.ts";
import { Watchers } from "./watchers.ts";

/** Options of {@linkcode natsTransport}. */
export interface NatsTransportOptions {
  /** The beginning of all subjects and streams: letters and digits. Default: `cogen`. */
  readonly prefix?: string;
  /** The number of messages that a log keeps. Default: 10,000. */
  readonly maxLogMessages?: number;
  /** The largest number of jobs of a queue. Default: 100,000. */
  readonly maxJobs?: number;
  /** The largest size of all logs, and of all queues, in bytes. Default: 1 GiB. */
  readonly maxBytes?: number;
  /** The time for which a message of a log is kept. Default: 24 hours. */
  readonly retention?: Duration;
  /** The number of servers that keep the messages, in a cluster. Default: 1. */
  readonly replicas?: number;
}

const NAMES: readonly (keyof NatsTransportOptions)[] = [
  ...["prefix", "maxLogMessages", "maxJobs", "maxBytes", "retention", "replicas"] as const,
];

/**
 * Makes a transport over NATS JetStream. It makes two streams, `<prefix>_log` and `<prefix>_queue`, unless they
 * are there; the options count for streams that it makes.
 *
 * @param connection The result of `connect()` of `@nats-io/transport-node`; authentication and TLS are those of the
 *   connection. It stays open when the bus is closed.
 * @param jetstream The module: `import * as jetstream from "@nats-io/jetstream"`.
 * @param options The prefix and the bounds.
 * @throws {TypeError} If an argument has another shape, or an option is unknown or of a wrong kind.
 * @throws {RangeError} If a bound is no whole number from 1.
 *
 * @example
 * ```ts ignore
 * import { connect } from "@nats-io/transport-node";
 * import * as jetstream from "@nats-io/jetstream";
 * import { natsTransport, openBus } from "@x/cogen-wsgi/bus";
 *
 * const connection = await connect({ servers: "nats.example", maxReconnectAttempts: -1 });
 * const bus = await openBus(natsTransport(connection, jetstream));
 * ```
 */
export function natsTransport(
  connection: NatsConnectionLike,
  jetstream: JetStreamLike,
  options: NatsTransportOptions = {},
): BusTransport {
  checkNats(connection, jetstream);
  checkNames("natsTransport", options, NAMES);
  const { prefix = "cogen", retention = { hours: 24 } } = options;
  if (typeof prefix !== "string" || !/^[A-Za-z0-9]{1,30}$/.test(prefix)) {
    throw optionError("prefix", prefix, "1 to 30 letters and digits");
  }
  const count = (name: "maxLogMessages" | "maxJobs" | "maxBytes" | "replicas", value: number) =>
    checkCount(`${name} of natsTransport`, options[name] ?? value);
  const streams = new NatsStreams(connection, jetstream, {
    prefix,
    maxLogMessages: count("maxLogMessages", 10_000),
    maxJobs: count("maxJobs", 100_000),
    maxBytes: count("maxBytes", 2 ** 30),
    retentionMs: toMilliseconds(retention, "retention of natsTransport"),
    replicas: count("replicas", 1),
  });
  return new NatsTransport(connection, streams, prefix);
}

/** The error code of the server: the log has an entry already. */
const WRONG_SEQUENCE = 10071;

/** The subscription to the news of one log or queue. */
interface News {
  readonly tail: NatsTail;
  readonly unsubscribe: () => void;
}

class NatsTransport implements BusTransport {
  readonly name = "nats";
  readonly #connection: NatsConnectionLike;
  readonly #streams: NatsStreams;
  readonly #prefix: string;
  readonly #watchers = new Watchers();
  readonly #news = new Map<string, News>();
  readonly #queues: NatsQueues;
  /** The logs whose confirmed message was looked for since the last reconnection. */
  readonly #verified = new Set<string>();
  #isClosed = false;

  constructor(connection: NatsConnectionLike, streams: NatsStreams, prefix: string) {
    this.#connection = connection;
    this.#streams = streams;
    this.#prefix = prefix;
    this.#queues = new NatsQueues(connection, streams, (queue) => this.#subject(queue));
    void this.#follow();
  }

  /** The headers of a message need some room. */
  get maxTextBytes(): number | undefined {
    const { info } = this.#connection;
    return info === undefined ? undefined : info.max_payload - 1024;
  }

  async append(log: string, { producer, messages, confirmed }: Batch): Promise<Appended> {
    const { publisher, epoch } = await this.#streams.open();
    const subject = this.#subject(log);
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
    const subject = this.#subject(log);
    if (after === "end") {
      const last = await this.#last(subject);
      return { epoch, isGap: false, entries: [], first: last, last };
    }
    if (after === "start" || after.epoch !== epoch) {
      const last = await this.#last(subject);
      const entries = await this.#read(subject, 1, limits);
      const first = entries[0]?.offset ?? last;
      return { epoch, isGap: after !== "start", entries, first, last };
    }
    const { offset } = after;
    const known = this.#news.get(log)?.tail;
    const entries = known?.after(offset, limits);
    if (entries !== undefined) {
      return { epoch, isGap: false, entries, first: 0, last: known?.last ?? 0 };
    }
    const [found, read] = await Promise.all([
      this.#get({ seq: offset }),
      this.#read(subject, offset + 1, limits),
    ]);
    const holds = found?.subject === subject || await this.#isBeforeFirst(subject, offset);
    const last = read.at(-1)?.offset ?? (holds ? offset : await this.#last(subject));
    // More may follow: the next page tells.
    return {
      epoch,
      isGap: !holds,
      entries: read,
      first: 0,
      last: last + (read.length > 0 ? 1 : 0),
    };
  }

  watch(name: string, onNews: () => void): () => void {
    const stop = this.#watchers.add(name, onNews);
    if (!this.#news.has(name)) this.#news.set(name, this.#subscribe(name));
    return () => {
      stop();
      if (this.#watchers.has(name)) return;
      this.#news.get(name)?.unsubscribe();
      this.#news.delete(name);
    };
  }

  put(queue: string, batch: Batch): Promise<number> {
    return this.#queues.put(queue, batch);
  }

  take(queue: string, limits: TakeLimits): Promise<readonly LeasedJob[]> {
    return this.#queues.take(queue, limits);
  }

  async settle(queue: string, receipt: string, settlement: Settlement): Promise<boolean> {
    const isSettled = await this.#queues.settle(receipt, settlement);
    if (settlement.kind === "again") this.#connection.publish(this.#newsSubject(queue));
    return isSettled;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const { unsubscribe } of this.#news.values()) unsubscribe();
    this.#news.clear();
    return Promise.resolve();
  }

  #subject(name: string): string {
    return `${this.#prefix}.${name.startsWith("q:") ? "queue" : "log"}.${encodeName(name)}`;
  }

  /** The subject on which the server repeats the messages of a log or a queue. */
  #newsSubject(name: string): string {
    return this.#subject(name).replace(".", ".news.");
  }

  #subscribe(name: string): News {
    const tail = new NatsTail();
    const subject = this.#newsSubject(name);
    const callback = (error: Error | null, message: NatsMessageLike) => {
      if (error === null) keepEntry(tail, message);
      this.#watchers.tell(name);
    };
    const subscription = this.#connection.subscribe(subject, { callback });
    return { tail, unsubscribe: () => subscription.unsubscribe() };
  }

  /** Asks all logs again after each reconnection: the server may have lost messages. */
  async #follow(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (this.#isClosed) return;
      if (type === "disconnect") this.#streams.cut();
      if (type !== "reconnect") continue;
      this.#streams.restore();
      this.#verified.clear();
      for (const { tail } of this.#news.values()) tail.clear();
      this.#watchers.tellAll();
    }
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

  /** Whether an offset is directly before the oldest entry of a log. */
  async #isBeforeFirst(subject: string, offset: number): Promise<boolean> {
    return (await this.#get({ seq: 1, next_by_subj: subject }))?.seq === offset + 1;
  }

  /** Tells the readers of a log if a message that the server has confirmed is not there any more. */
  async #verify(subject: string, offset: number): Promise<void> {
    const found = await this.#get({ seq: offset });
    if (found?.subject === subject) return;
    const first = await this.#get({ seq: 1, next_by_subj: subject });
    if (first === undefined || first.seq > offset) return;
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

const utf8 = new TextDecoder();

function keepEntry(tail: NatsTail, { headers, data }: NatsMessageLike): void {
  const offset = Number(headers?.get("Nats-Sequence"));
  const after = Number(headers?.get("Nats-Last-Sequence"));
  if (offset > 0) tail.add({ offset, after, text: utf8.decode(data) });
}
