/**
 * The transport over NATS JetStream, of a server from 2.9 on.
 *
 * All logs are one stream (`nats_logs.ts`), and all queues are another one (`nats_queues.ts`). The server repeats
 * each message that it has stored on a subject of plain NATS, which is the news for the watchers.
 *
 * @module
 */

import { checkNames, type Duration, optionError, toMilliseconds } from "../../coroutine/mod.ts";
import type { BusPosition } from "../../wsgi/mod.ts";
import { checkCount } from "../checks.ts";
import type {
  Appended,
  Batch,
  BusTransport,
  LeasedJob,
  LogPage,
  PageLimits,
  Settlement,
  TakeLimits,
} from "../transport.ts";
import {
  checkNats,
  encodeName,
  type JetStreamLike,
  type NatsConnectionLike,
  type NatsMessageLike,
} from "./nats_client.ts";
import { NatsLogs } from "./nats_logs.ts";
import { NatsQueues } from "./nats_queues.ts";
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

/** The defaults; the retention is in seconds. */
export const NATS_DEFAULTS = {
  prefix: "cogen",
  maxLogMessages: 10_000,
  maxJobs: 100_000,
  maxBytes: 1_073_741_824,
  retention: 86_400,
  replicas: 1,
} as const;

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
  options = checkNames("natsTransport", options, Object.keys(NATS_DEFAULTS));
  const { prefix = NATS_DEFAULTS.prefix, retention = NATS_DEFAULTS.retention } = options;
  if (typeof prefix !== "string" || !/^[A-Za-z0-9]{1,30}$/.test(prefix)) {
    throw optionError("prefix", prefix, "1 to 30 letters and digits");
  }
  const count = (name: Exclude<keyof typeof NATS_DEFAULTS, "prefix" | "retention">) =>
    checkCount(
      `${name} of natsTransport`,
      options[name] === undefined ? NATS_DEFAULTS[name] : options[name],
    );
  const streams = new NatsStreams(connection, jetstream, {
    prefix,
    maxLogMessages: count("maxLogMessages"),
    maxJobs: count("maxJobs"),
    maxBytes: count("maxBytes"),
    retentionMs: toMilliseconds(retention, "retention of natsTransport"),
    replicas: count("replicas"),
  });
  return new NatsTransport(connection, streams, prefix);
}

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
  readonly #logs: NatsLogs;
  #isClosed = false;

  constructor(connection: NatsConnectionLike, streams: NatsStreams, prefix: string) {
    this.#connection = connection;
    this.#streams = streams;
    this.#prefix = prefix;
    this.#logs = new NatsLogs(
      streams,
      (log) => this.#subject(log),
      (log) => this.#news.get(log)?.tail,
    );
    this.#queues = new NatsQueues(connection, streams, (queue) => this.#subject(queue));
    void this.#follow();
  }

  /** The headers of a message need some room. */
  get maxTextBytes(): number | undefined {
    const { info } = this.#connection;
    return info === undefined ? undefined : info.max_payload - 1024;
  }

  append(log: string, batch: Batch): Promise<Appended> {
    return this.#logs.append(log, batch);
  }

  page(log: string, after: BusPosition | "start" | "end", limits: PageLimits): Promise<LogPage> {
    return this.#logs.page(log, after, limits);
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
      this.#logs.reconnected();
      for (const { tail } of this.#news.values()) tail.clear();
      this.#watchers.tellAll();
    }
  }
}

const utf8 = new TextDecoder();

function keepEntry(tail: NatsTail, { headers, data }: NatsMessageLike): void {
  const offset = Number(headers?.get("Nats-Sequence"));
  const after = Number(headers?.get("Nats-Last-Sequence"));
  if (offset > 0) tail.add({ offset, after, text: utf8.decode(data) });
}
