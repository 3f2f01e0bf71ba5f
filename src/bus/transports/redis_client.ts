/**
 * A client of Redis, by its shape: that of `ioredis` and `iovalkey`, or that of `redis`.
 *
 * The transport sends raw commands, so it needs only a few methods, and no types of these packages.
 *
 * `redis.ts` and `redis_bell.ts` call this.
 *
 * @module
 */

import { optionError } from "../../coroutine/mod.ts";

/** A client of `ioredis` or `iovalkey`. */
export interface IORedisLike {
  /** Sends a command. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** Makes a client with the same options. */
  duplicate(): unknown;
  /** Adds a listener. */
  on(event: "error", listener: (error: unknown) => void): unknown;
  /** Ends the connection. */
  disconnect(): unknown;
}

/** A client of `redis` that is connected. */
export interface NodeRedisLike {
  /** Sends a command. */
  sendCommand(args: string[]): Promise<unknown>;
  /** Makes a client with the same options. */
  duplicate(): unknown;
  /** Begins the connection. */
  connect(): Promise<unknown>;
  /** Adds a listener. */
  on(event: "error", listener: (error: unknown) => void): unknown;
  /** Ends the connection. */
  destroy(): unknown;
}

/** A client of Redis or Valkey. */
export type RedisLike = IORedisLike | NodeRedisLike;

/** A connection to Redis. */
export interface RedisConnection {
  command(...args: string[]): Promise<unknown>;
  /** Opens another connection with the same options. */
  duplicate(): Promise<RedisConnection>;
  close(): void;
}

/** @throws {TypeError} If the client is of no known shape. */
export function redisConnection(client: RedisLike): RedisConnection {
  if (typeof client === "object" && client !== null && typeof client.duplicate === "function") {
    // An error without a listener would end the process. The bus reports the calls that fail.
    client.on("error", () => {});
    if ("call" in client && typeof client.call === "function") return fromIORedis(client);
    if ("sendCommand" in client && typeof client.sendCommand === "function") {
      return fromNodeRedis(client);
    }
  }
  throw optionError("client", client, "a client of ioredis, iovalkey or redis");
}

function fromIORedis(client: IORedisLike): RedisConnection {
  return {
    command: (name = "", ...args) => client.call(name, ...args),
    duplicate: () => Promise.resolve(redisConnection(client.duplicate() as IORedisLike)),
    close: () => void client.disconnect(),
  };
}

function fromNodeRedis(client: NodeRedisLike): RedisConnection {
  return {
    command: (...args) => client.sendCommand(args),
    duplicate: async () => {
      const other = client.duplicate() as NodeRedisLike;
      const connection = redisConnection(other);
      await other.connect();
      return connection;
    },
    close: () => void client.destroy(),
  };
}
