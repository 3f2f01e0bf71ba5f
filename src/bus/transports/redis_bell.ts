/**
 * The bell: one stream in which each change of a log or a queue has an entry with its name.
 *
 * Each process waits at the bell with one blocking connection, whatever the number of its topics. An entry is
 * only a hint, because the log is read anyway: so after a failure, or when many entries have come, all
 * watchers are told, and nothing is missed. A connection that is silent for too long is replaced.
 *
 * `redis.ts` makes this.
 *
 * @module
 */

import { runtimeAdapter } from "../../../mod.ts";
import { pause, pauseMs, within } from "../time.ts";
import type { RedisConnection } from "./redis_client.ts";
import type { Watchers } from "./watchers.ts";

/** The time for which Redis holds the answer while there is no news. */
const BLOCK_MS = 5000;
/** A connection without an answer for this time is dead. */
const SILENCE_MS = 3 * BLOCK_MS;
/** The largest number of entries in an answer. */
const MAX_ENTRIES = 100;

/** The wait for news of one process. */
export class RedisBell {
  readonly #main: RedisConnection;
  readonly #key: string;
  readonly #watchers: Watchers;
  #connection: RedisConnection | undefined;
  /** The id of the last entry; `undefined` if it is not known. */
  #lastId: string | undefined;
  #state: "idle" | "running" | "closed" = "idle";

  constructor(main: RedisConnection, key: string, watchers: Watchers) {
    this.#main = main;
    this.#key = key;
    this.#watchers = watchers;
  }

  /** Begins to wait. The wait goes on until {@linkcode RedisBell.close}. */
  start(): void {
    if (this.#state !== "idle") return;
    this.#state = "running";
    void this.#run();
  }

  close(): void {
    this.#state = "closed";
    this.#drop();
  }

  async #run(): Promise<void> {
    const { clock } = await runtimeAdapter();
    for (let failures = 0; this.#state === "running";) {
      try {
        const connection = this.#connection ??= await this.#connect();
        if (this.#lastId === undefined) await this.#begin(connection);
        const args = ["STREAMS", this.#key, this.#lastId ?? "$"];
        const limits = ["COUNT", String(MAX_ENTRIES), "BLOCK", String(BLOCK_MS)];
        const asked = clock.now();
        const read = connection.command("XREAD", ...limits, ...args);
        const isAlive = await within(clock, SILENCE_MS, read.then(() => true));
        if (!isAlive) throw new Error("Redis is silent");
        const entries = entriesOf(await read);
        // A server that does not wait, such as a proxy that drops BLOCK, must be asked in pauses.
        if (entries.length === 0 && clock.now() - asked < BLOCK_MS / 2) {
          throw new Error("Redis does not wait for news");
        }
        this.#tell(entries);
        failures = 0;
      } catch {
        // The bus reports the calls that fail; here, only the connection may be the fault.
        this.#lastId = undefined;
        if (failures++ > 2) this.#drop();
        await pause(clock, pauseMs(failures));
      }
    }
    this.#drop();
  }

  async #connect(): Promise<RedisConnection> {
    const connection = await this.#main.duplicate();
    if (this.#state === "closed") {
      connection.close();
      throw new Error("The transport is closed");
    }
    return connection;
  }

  /** Finds the end of the bell. Entries before it may be news for watchers. */
  async #begin(connection: RedisConnection): Promise<void> {
    const found = entriesOf(
      await connection.command("XREVRANGE", this.#key, "+", "-", "COUNT", "1"),
    );
    this.#lastId = found[0]?.id ?? "0-0";
    this.#watchers.tellAll();
  }

  #tell(entries: readonly BellEntry[]): void {
    this.#lastId = entries.at(-1)?.id ?? this.#lastId;
    if (entries.length >= MAX_ENTRIES) {
      this.#lastId = undefined;
      return;
    }
    for (const name of new Set(entries.map(({ name }) => name))) this.#watchers.tell(name);
  }

  #drop(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

interface BellEntry {
  readonly id: string;
  readonly name: string;
}

/**
 * Finds the entries in the answer of a command. Its form depends on the client and on the protocol: with RESP3,
 * clients give a map in place of some arrays.
 */
function entriesOf(answer: unknown): BellEntry[] {
  if (typeof answer !== "object" || answer === null) return [];
  const parts: unknown[] = Array.isArray(answer)
    ? answer
    : answer instanceof Map
    ? [...answer.values()]
    : Object.values(answer);
  const [id, fields] = parts;
  if (typeof id === "string" && /^\d+-\d+$/.test(id) && typeof fields === "object") {
    return [{ id, name: String(Object.values(fields ?? {}).at(-1)) }];
  }
  return parts.flatMap(entriesOf);
}
