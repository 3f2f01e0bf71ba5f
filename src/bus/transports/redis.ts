/**
 * The transport over Redis Streams, of Redis 6.2 or later, or Valkey.
 *
 * Each call of the transport is one script, so a connection that is cut leaves nothing half done. All keys begin
 * with `{prefix}`: in a cluster they are on one node.
 *
 * @module
 */

import {
  checkNames,
  checkOption,
  type Duration,
  optionError,
  toMilliseconds,
} from "../../coroutine/mod.ts";
import type { BusPosition } from "../../wsgi/mod.ts";
import { checkCount } from "../checks.ts";
import { randomName } from "../settings.ts";
import {
  type Appended,
  type Batch,
  type BusTransport,
  GAP_MARK,
  type LeasedJob,
  type LogPage,
  type PageLimits,
  type Settlement,
  type TakeLimits,
} from "../transport.ts";
import { RedisBell } from "./redis_bell.ts";
import { type RedisConnection, redisConnection, type RedisLike } from "./redis_client.ts";
import { APPEND, PAGE, PUT, type RedisScript, SETTLE, TAKE } from "./redis_scripts.ts";
import { Watchers } from "./watchers.ts";

/** Options of {@linkcode redisTransport}. */
export interface RedisTransportOptions {
  /** The beginning of all keys. Buses with different ones do not meet. Default: `cogen`. */
  readonly prefix?: string;
  /** The number of messages that a log keeps, or a few more. Default: 10,000. */
  readonly maxLogMessages?: number;
  /** The largest number of jobs of a queue. Default: 100,000. */
  readonly maxJobs?: number;
  /** The time for which a log is kept after its last use. Default: 24 hours. */
  readonly retention?: Duration;
}

/** The defaults; the retention is in seconds. */
export const REDIS_DEFAULTS = {
  prefix: "cogen",
  maxLogMessages: 10_000,
  maxJobs: 100_000,
  retention: 86_400,
} as const;

/**
 * Makes a transport over Redis.
 *
 * @param client A client of `ioredis`, `iovalkey` or `redis`; that of `redis` is connected. The transport makes
 *   one more connection with `client.duplicate()`, so authentication and TLS are those of the client. The client
 *   itself stays open when the bus is closed.
 * @param options The prefix and the bounds.
 * @throws {TypeError} If the client has another shape, or an option is unknown or of a wrong kind.
 * @throws {RangeError} If a bound is no whole number from 1.
 *
 * @example
 * ```ts ignore
 * import { Redis } from "ioredis";
 * import { openBus, redisTransport } from "@x/cogen-wsgi/bus";
 *
 * const client = new Redis("rediss://user:password@redis.example:6379");
 * const bus = await openBus(redisTransport(client));
 * ```
 */
export function redisTransport(
  client: RedisLike,
  options: RedisTransportOptions = {},
): BusTransport {
  options = checkNames("redisTransport", options, Object.keys(REDIS_DEFAULTS));
  const { prefix = REDIS_DEFAULTS.prefix, retention = REDIS_DEFAULTS.retention } = options;
  const { maxLogMessages = REDIS_DEFAULTS.maxLogMessages } = options;
  const { maxJobs = REDIS_DEFAULTS.maxJobs } = options;
  checkOption("prefix of redisTransport", prefix, "string");
  if (!/^[^{}]+$/.test(prefix)) throw optionError("prefix", prefix, "a text without { and }");
  const retentionMs = toMilliseconds(retention, "retention of redisTransport");
  return new RedisTransport(redisConnection(client), {
    prefix: `{${prefix}}`,
    maxLogMessages: checkCount("maxLogMessages of redisTransport", maxLogMessages),
    maxJobs: checkCount("maxJobs of redisTransport", maxJobs),
    // Redis takes times of up to 63 bits.
    retentionMs: Math.min(Math.ceil(retentionMs), 1e15),
  });
}

interface RedisSettings {
  readonly prefix: string;
  readonly maxLogMessages: number;
  readonly maxJobs: number;
  readonly retentionMs: number;
}

/** Redis trims a stream exactly at a cost, and roughly for free: to whole nodes of 100 entries. */
const ROUGHLY_FROM = 1000;

class RedisTransport implements BusTransport {
  readonly name = "redis";
  readonly #connection: RedisConnection;
  readonly #settings: RedisSettings;
  readonly #watchers = new Watchers();
  readonly #bell: RedisBell;
  /** The names of the scripts in Redis. */
  readonly #loaded = new Map<RedisScript, Promise<string>>();

  constructor(connection: RedisConnection, settings: RedisSettings) {
    this.#connection = connection;
    this.#settings = settings;
    this.#bell = new RedisBell(connection, this.#key("bell"), this.#watchers);
  }

  async append(log: string, { producer, messages, confirmed }: Batch): Promise<Appended> {
    const { maxLogMessages, retentionMs } = this.#settings;
    const keys = [...this.#logKeys(log), this.#key("sent", log, producer), this.#key("bell")];
    const trim = maxLogMessages < ROUGHLY_FROM ? "=" : "~";
    const { epoch: known = "", offset = 0 } = confirmed ?? {};
    const limits = [randomName(), retentionMs, log, trim, maxLogMessages];
    const args = [...limits, known, offset, GAP_MARK];
    const given = messages.flatMap(({ sequence, text }) => [sequence, text]);
    const [epoch, ...offsets] = await this.#run<unknown[]>(APPEND, keys, [...args, ...given]);
    return { epoch: String(epoch), offsets: offsets.map(numberOf) };
  }

  async page(
    log: string,
    after: BusPosition | "start" | "end",
    { maxCount, maxLength }: PageLimits,
  ): Promise<LogPage> {
    const place = typeof after === "object" ? ["at", after.epoch, after.offset] : [after, "", 0];
    const args = [randomName(), this.#settings.retentionMs, ...place, maxCount, maxLength];
    const reply = await this.#run<unknown[]>(PAGE, this.#logKeys(log), args);
    const [epoch, isGap, last, ...parts] = reply;
    const entries = [];
    for (let index = 0; index < parts.length; index += 2) {
      entries.push({ offset: numberOf(parts[index]), text: String(parts[index + 1]) });
    }
    return { epoch: String(epoch), isGap: Number(isGap) === 1, entries, last: numberOf(last) };
  }

  watch(name: string, onNews: () => void): () => void {
    this.#bell.start();
    return this.#watchers.add(name, onNews);
  }

  async put(queue: string, { producer, messages }: Batch): Promise<number> {
    const keys = [this.#key(queue), this.#key("sent", queue, producer), this.#key("bell")];
    const given = messages.flatMap(({ sequence, text }) => [sequence, text]);
    return numberOf(await this.#run(PUT, keys, [queue, this.#settings.maxJobs, ...given]));
  }

  async take(queue: string, { maxCount, leaseMs }: TakeLimits): Promise<readonly LeasedJob[]> {
    const lease = Math.ceil(leaseMs);
    const keys = [this.#key(queue), this.#key("delayed", queue)];
    const reply = await this.#run<unknown[]>(TAKE, keys, [maxCount, lease]);
    const jobs: LeasedJob[] = [];
    for (let index = 0; index < reply.length; index += 3) {
      const [id, delivery, text] = reply.slice(index, index + 3).map(String) as [
        string,
        string,
        string,
      ];
      jobs.push({ receipt: `${id}.${delivery}.${lease}`, delivery: Number(delivery), text });
    }
    return jobs;
  }

  async settle(queue: string, receipt: string, settlement: Settlement): Promise<boolean> {
    const [id = "", delivery = "", lease] = receipt.split(".");
    const { kind } = settlement;
    // Redis takes times of up to 63 bits.
    const delayMs = kind === "again" ? Math.min(Math.ceil(settlement.delayMs), 1e15) : 0;
    // A job is delivered again when it is idle for as long as a lease.
    const idleMs = kind === "again" ? Math.max(0, Number(lease) - delayMs) : 0;
    const keys = [this.#key(queue), this.#key("bell"), this.#key("delayed", queue)];
    return await this.#run(SETTLE, keys, [id, delivery, kind, idleMs, queue, delayMs]) === 1;
  }

  close(): Promise<void> {
    this.#bell.close();
    return Promise.resolve();
  }

  #key(...parts: string[]): string {
    return [this.#settings.prefix, ...parts].join(":");
  }

  #logKeys(log: string): string[] {
    return [this.#key("log", log), this.#key("epoch", log)];
  }

  /** Runs a script; loads it first, and again after a restart of Redis. */
  async #run<T>(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<T> {
    const given = [String(script.keys), ...keys, ...args.map(String)];
    const name = await this.#load(script);
    try {
      return await this.#connection.command("EVALSHA", name, ...given) as T;
    } catch (error) {
      if (!String((error as Error).message).startsWith("NOSCRIPT")) throw error;
      return await this.#connection.command("EVAL", script.text, ...given) as T;
    }
  }

  #load(script: RedisScript): Promise<string> {
    const known = this.#loaded.get(script);
    if (known !== undefined) return known;
    const loading = this.#connection.command("SCRIPT", "LOAD", script.text).then(String);
    this.#loaded.set(script, loading);
    loading.catch(() => this.#loaded.delete(script));
    return loading;
  }
}

/** The number of a reply, which a client may give as text or as a `bigint`; `NaN` for a reply that is none. */
function numberOf(reply: unknown): number {
  return ["number", "string", "bigint"].includes(typeof reply) ? Number(reply) : NaN;
}
