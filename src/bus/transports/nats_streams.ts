/**
 * The two streams of a transport over NATS: made at first use, and known until the connection is lost.
 *
 * `nats.ts`, `nats_logs.ts` and `nats_queues.ts` call this.
 *
 * @module
 */

import {
  errorCode,
  type JetStreamLike,
  type JetStreamManagerLike,
  type JetStreamPublisherLike,
  type NatsConnectionLike,
} from "./nats_client.ts";

/** The settings of the streams. */
export interface NatsStreamSettings {
  readonly prefix: string;
  readonly maxLogMessages: number;
  readonly maxJobs: number;
  readonly maxBytes: number;
  readonly retentionMs: number;
  readonly replicas: number;
}

/** The streams of a connection. */
export interface OpenStreams {
  readonly publisher: JetStreamPublisherLike;
  readonly manager: JetStreamManagerLike;
  /** The names of the streams. */
  readonly logs: string;
  readonly queues: string;
  /** The epoch of all logs. */
  readonly epoch: string;
}

/** The error code of the server: a stream of this name has another configuration. */
const NAME_IN_USE = 10058;

/** The beginning of the time of a stream that is not made yet. */
const NO_TIME = "0001-";
/** The number of questions for the time of a stream, each a round trip to the server. */
const MAX_QUESTIONS = 100;

const LOST = "The connection to NATS is lost";

/** The streams, and the calls that may show that they are gone. */
export class NatsStreams {
  readonly #connection: NatsConnectionLike;
  readonly #jetstream: JetStreamLike;
  readonly #settings: NatsStreamSettings;
  /** Whether the connection is lost, until the client has connected again. */
  #isLost = false;
  /** Reject the calls that are on their way. */
  readonly #calls = new Set<(error: Error) => void>();
  #opening: Promise<OpenStreams> | undefined;

  constructor(
    connection: NatsConnectionLike,
    jetstream: JetStreamLike,
    settings: NatsStreamSettings,
  ) {
    this.#connection = connection;
    this.#jetstream = jetstream;
    this.#settings = settings;
  }

  /** Gives the streams; makes those that are not there. */
  open(): Promise<OpenStreams> {
    // The client would keep the call until it is connected again, and then let it time out.
    if (this.#isLost) return Promise.reject(new Error(LOST));
    if (this.#opening !== undefined) return this.#opening;
    return this.#opening = this.watch(this.#open());
  }

  /** Forgets the streams: the next call looks for them again. */
  forget(): void {
    this.#opening = undefined;
  }

  /**
   * Waits for a call. It fails at once when the connection is lost, because the client would only let it time
   * out; after any failure, the streams are looked for again.
   */
  async watch<T>(call: Promise<T>): Promise<T> {
    let onLost!: (error: Error) => void;
    const lost = new Promise<never>((_, reject) => onLost = reject);
    this.#calls.add(onLost);
    try {
      return await Promise.race([call, lost]);
    } catch (error) {
      call.catch(() => {});
      this.forget();
      throw error;
    } finally {
      this.#calls.delete(onLost);
    }
  }

  /** Allows calls again, after {@linkcode NatsStreams.cut}. */
  restore(): void {
    this.#isLost = false;
    this.forget();
  }

  /** Ends the calls that are on their way: the connection is lost. */
  cut(): void {
    this.#isLost = true;
    this.forget();
    const error = new Error(LOST);
    for (const onLost of [...this.#calls]) onLost(error);
  }

  async #open(): Promise<OpenStreams> {
    const connection = this.#connection as never;
    const publisher = this.#jetstream.jetstream(connection);
    const manager = await this.#jetstream.jetstreamManager(connection);
    const { prefix, maxLogMessages, maxJobs, maxBytes, retentionMs, replicas } = this.#settings;
    const logs = `${prefix}_log`;
    const queues = `${prefix}_queue`;
    const both = { storage: "file", max_bytes: maxBytes, num_replicas: replicas };
    const created = await addStream(manager, {
      ...both,
      ...{ name: logs, subjects: [`${prefix}.log.>`], retention: "limits", discard: "old" },
      ...{ max_msgs_per_subject: maxLogMessages, allow_direct: true },
      max_age: retentionMs === Infinity ? 0 : Math.ceil(retentionMs) * 1e6,
      republish: { src: `${prefix}.log.>`, dest: `${prefix}.news.log.>` },
    });
    await addStream(manager, {
      ...both,
      ...{ name: queues, subjects: [`${prefix}.queue.>`], retention: "workqueue", discard: "new" },
      ...{ max_msgs_per_subject: maxJobs, discard_new_per_subject: true },
      republish: {
        ...{ src: `${prefix}.queue.>`, dest: `${prefix}.news.queue.>` },
        headers_only: true,
      },
    });
    return { publisher, manager, logs, queues, epoch: created.replace(/\W/g, "_") };
  }
}

/**
 * Makes a stream unless it is there.
 *
 * The trap: while the server makes a stream for one process, it answers another one without the time of creation.
 *
 * @returns The time at which the stream was made.
 */
async function addStream(
  manager: JetStreamManagerLike,
  config: { readonly name: string; readonly [option: string]: unknown },
): Promise<string> {
  let { created } = await addOrFind(manager, config);
  for (let questions = 0; created.startsWith(NO_TIME); questions++) {
    if (questions === MAX_QUESTIONS) {
      throw new Error(`NATS does not tell when the stream ${config.name} was made`);
    }
    ({ created } = await manager.streams.info(config.name));
  }
  return created;
}

async function addOrFind(
  manager: JetStreamManagerLike,
  config: { readonly name: string },
): Promise<{ readonly created: string }> {
  try {
    return await manager.streams.add(config as never);
  } catch (error) {
    // The stream of another version, or one that the user has made.
    if (errorCode(error) !== NAME_IN_USE) throw error;
    return await manager.streams.info(config.name);
  }
}
