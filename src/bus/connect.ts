/**
 * A transport from an address, with the client that the address needs.
 *
 * The clients are loaded only here and only then: they are optional packages. Their names stand in variables,
 * so that no tool takes them for imports of this package.
 *
 * Programs call this, and the command for `--bus`. An address may have a password, so no error has all of it.
 *
 * @module
 */

import { runtimeAdapter } from "../../mod.ts";
import { checkNames, checkOption, type Clock, hideSecrets, optionError } from "../coroutine/mod.ts";
import { within } from "./time.ts";
import type { BusTransport } from "./transport.ts";
import { memoryTransport } from "./transports/memory.ts";
import { natsTransport } from "./transports/nats.ts";
import type { JetStreamLike, NatsConnectionLike } from "./transports/nats_client.ts";
import { redisTransport } from "./transports/redis.ts";
import type { IORedisLike } from "./transports/redis_client.ts";

/** The time within which a broker has to answer for the first time, in milliseconds. */
const FIRST_ANSWER_MS = 5000;

const EXPECTED = "redis://host:6379, rediss://, nats://host:4222, tls:// or memory:, with " +
  "encodeURIComponent of a user and a password";

/** Options of {@linkcode connectBus}. */
export interface ConnectBusOptions {
  /** Imports the package of a client by its name. Default: `import(name)`, as this package finds it. */
  readonly load?: (name: string) => Promise<unknown>;
}

/**
 * Connects to the broker of an address. The connection ends with the transport.
 *
 * @param address `redis:` or `rediss:` (with TLS) for Redis and Valkey, by the package `ioredis`; `nats:` or
 *   `tls:` for NATS, by the packages `@nats-io/transport-node` and `@nats-io/jetstream`; `memory:` for none. A
 *   user and a password may stand before the host.
 * @param options The import of the clients.
 * @returns The transport.
 * @throws {TypeError} If the address has another form, or an option is unknown or of a wrong kind.
 * @throws {Error} If the package of the client is missing, or the broker does not answer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { connectBus, openBus } from "@x/cogen-wsgi/bus";
 *
 * const bus = await openBus(await connectBus("memory:"));
 * assertEquals(bus.stats().topics, 0);
 * await bus.close();
 * ```
 */
export async function connectBus(
  address: string,
  options: ConnectBusOptions = {},
): Promise<BusTransport> {
  return await connectIn((await runtimeAdapter()).clock, address, options);
}

/** The same with a clock for the wait for the first answer; tests give one of their own. */
export async function connectIn(
  clock: Clock,
  address: string,
  options: ConnectBusOptions,
): Promise<BusTransport> {
  options = checkNames("connectBus", options, ["load"]);
  const { load = (name: string) => import(name) as Promise<unknown> } = options;
  checkOption("load of connectBus", load, "function");
  const isURL = typeof address === "string" && URL.canParse(address) && isDecodable(address);
  const scheme = isURL ? /^[a-z]+:/.exec(address)?.[0] : undefined;
  switch (scheme) {
    case "redis:":
    case "rediss:":
      return await connectRedis(clock, address, load);
    case "nats:":
    case "tls:":
      return await connectNats(clock, new URL(address), load);
    case "memory:":
      return memoryTransport();
  }
  throw optionError("The address of the bus", address, EXPECTED);
}

/** Whether the user and the password are encoded; the clients decode them. */
function isDecodable(address: string): boolean {
  const { username, password } = new URL(address);
  try {
    return decodeURIComponent(username + password) !== undefined;
  } catch {
    return false;
  }
}

/** The parts of `ioredis` that are used here. */
interface IORedisModule {
  readonly Redis: new (address: string, options: object) => IORedisLike;
}

type Load = (name: string) => Promise<unknown>;

async function connectRedis(clock: Clock, address: string, load: Load): Promise<BusTransport> {
  const { Redis } = await loadClient<IORedisModule>("ioredis", load);
  const client = new Redis(address, {
    retryStrategy: (attempt: number) => Math.min(2000, 50 * attempt) * (0.5 + Math.random() / 2),
  });
  // The client tries again for ever, so that its call never tells the reason.
  let reason: unknown;
  client.on("error", (error) => reason = error);
  const transport = redisTransport(client);
  const end = () => void client.disconnect();
  await firstAnswer(clock, client.call("PING"), address, end, () => reason);
  return ending(transport, end);
}

/** The part of the client of NATS that is used here. */
interface NatsModule {
  connect(options: object): Promise<NatsConnectionLike & { close(): Promise<void> }>;
}

async function connectNats(clock: Clock, url: URL, load: Load): Promise<BusTransport> {
  const { connect } = await loadClient<NatsModule>("@nats-io/transport-node", load);
  const jetstream = await loadClient<JetStreamLike>("@nats-io/jetstream", load);
  const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  const connecting = connect({
    servers: url.host,
    maxReconnectAttempts: -1,
    ...(user === "" ? {} : pass === "" ? { token: user } : { user, pass }),
    ...(url.protocol === "tls:" ? { tls: {} } : {}),
  });
  const end = () => void connecting.then((connection) => connection.close(), () => {});
  const connection = await firstAnswer(clock, connecting, url.host, end);
  return ending(natsTransport(connection, jetstream), end);
}

async function loadClient<T>(name: string, load: Load): Promise<T> {
  try {
    return await load(name) as T;
  } catch (error) {
    const message = `A bus over this address needs the package ${name}: npm install ${name}`;
    throw new Error(message, { cause: error });
  }
}

async function firstAnswer<T>(
  clock: Clock,
  answer: Promise<T>,
  address: string,
  end: () => void,
  reason: () => unknown = () => undefined,
): Promise<T> {
  answer.catch(() => {});
  const shown = hideSecrets(address);
  try {
    const found = await within(clock, FIRST_ANSWER_MS, answer);
    if (found !== undefined) return found;
  } catch (error) {
    end();
    throw new Error(`The broker at ${shown} cannot be used`, { cause: error });
  }
  end();
  const message = `The broker at ${shown} has not answered within ${FIRST_ANSWER_MS / 1000} s`;
  throw new Error(message, { cause: reason() });
}

/** Ends the client with the transport. */
function ending(transport: BusTransport, end: () => void): BusTransport {
  const own = transport.close.bind(transport);
  return Object.assign(transport, {
    close: async () => {
      await own();
      end();
    },
  });
}
