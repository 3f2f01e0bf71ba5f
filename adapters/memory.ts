/**
 * A network inside the process, for tests and for embedding, and the adapter to read before writing
 * your own: this file listens and connects, `memory_socket.ts` carries the bytes.
 *
 * It needs nothing of the runtime but web standards.
 *
 * @module
 */

import {
  type Adapter,
  type Address,
  type DiallingAdapter,
  formatAddress,
  ipAddress,
  type ListenAddress,
  type Listener,
  listenError,
  type ListenOptions,
  type OpenHandler,
  type Socket,
} from "../src/socket/mod.ts";
import { dialError, dialler } from "./shared/dialling.ts";
import { type MemorySettings, MemorySocket } from "./memory/socket.ts";
import { hostClock } from "./shared/host_clock.ts";
import type { NameLookup } from "./shared/every_address.ts";

export type { DiallingAdapter, OpenHandler };

/** Options of {@linkcode memoryNetwork} and {@linkcode socketPair}. */
export interface MemoryOptions {
  /** What moves the bytes; by default the runtime's timers. */
  readonly clock?: Adapter["clock"];
  /** How many undelivered bytes make `write` return `false`, a direction; 64 KB by default. */
  readonly window?: number;
  /** Where the error log goes; by default `console.error`. */
  readonly log?: (line: string) => void;
  /** The files that apps may read; by default there are none. */
  readonly files?: Adapter["files"] | undefined;
}

/** A network that reaches no further than the object itself. */
export interface MemoryNetwork {
  /** What a server listens with, and a coroutine dials with. */
  readonly adapter: DiallingAdapter;
  /**
   * Connects to a listener of this network, without waiting; `adapter.dial` does it as on any other.
   *
   * @param address Where it listens.
   * @param open Called once, in a later turn, with the client's end.
   * @returns The client's end.
   * @throws An `Error` that names the address, if nobody listens there.
   */
  connect(address: ListenAddress, open: OpenHandler): Socket;
}

const DEFAULT_WINDOW = 64 * 1024;
const FIRST_PORT = 49152;

/** Latin-1 by web standards alone: `TextDecoder("latin1")` is windows-1252. */
function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  // Some engines pass at most some 100,000 arguments.
  for (let at = start; at < end; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(at + 4096, end)));
  }
  return text;
}

/** The runtime's own timers; `setImmediate`, which all servers have, is the cheaper turn. */
function portableClock(): Adapter["clock"] {
  const immediate = (globalThis as { setImmediate?: (turn: () => void) => unknown }).setImmediate;
  return hostClock(
    (turn) => void (immediate === undefined ? setTimeout(turn, 0) : immediate(turn)),
  );
}

function settle(options: MemoryOptions): MemorySettings {
  return {
    clock: options.clock ?? portableClock(),
    window: options.window ?? DEFAULT_WINDOW,
    log: options.log ?? ((line) => console.error(line)),
    files: options.files,
  };
}

/** One of a network's listeners. */
interface Listening {
  readonly address: Address;
  readonly accept: OpenHandler;
}

const NOBODY = "nobody listens there";

/** Names stand for themselves here. */
function ownNames(): NameLookup {
  return { promises: { lookup: (address) => Promise.resolve([{ address }]) } };
}

/** The listeners of one network, by the text of their address. */
class Network implements MemoryNetwork {
  readonly adapter: DiallingAdapter;
  readonly #settings: MemorySettings;
  readonly #listening = new Map<string, Listening>();
  #nextPort = FIRST_PORT;

  constructor(settings: MemorySettings) {
    this.#settings = settings;
    this.adapter = {
      name: "memory",
      clock: settings.clock,
      latin1: decodeLatin1,
      hostName: () => "localhost",
      log: settings.log,
      files: settings.files,
      listen: (address, options, accept) => this.#listen(address, options, accept),
      dial: dialler((address, accept) => this.#dial(address, accept), ownNames),
    };
  }

  connect(address: ListenAddress, open: OpenHandler): Socket {
    const listener = this.#listening.get(formatAddress(address));
    if (listener === undefined) throw dialError(address, NOBODY);
    return this.#join(listener, open);
  }

  #dial(address: ListenAddress, accept: OpenHandler): Promise<void> {
    const listener = this.#listening.get(formatAddress(address));
    if (listener === undefined) return Promise.reject(NOBODY);
    return new Promise((resolve) => {
      this.#join(listener, (socket) => {
        resolve();
        return accept(socket);
      });
    });
  }

  #join(listener: Listening, open: OpenHandler): Socket {
    const here = this.#clientAddress(listener.address);
    const client = new MemorySocket(this.#settings, here, listener.address);
    const server = new MemorySocket(this.#settings, listener.address, here);
    MemorySocket.join(server, listener.accept, client, open);
    return client;
  }

  #clientAddress(server: Address): Address {
    if (server.family === "unix") return { family: "unix", path: "" };
    return { family: server.family, host: server.host, port: this.#nextPort++ };
  }

  #listen(asked: ListenAddress, options: ListenOptions, accept: OpenHandler): Promise<Listener> {
    if (options.tls !== undefined) {
      return Promise.reject(listenError(asked, "a network in memory has no TLS"));
    }
    const address: Address = "path" in asked
      ? { family: "unix", path: asked.path }
      : ipAddress(asked.host, asked.port === 0 ? this.#nextPort++ : asked.port);
    const name = formatAddress(address);
    if (this.#listening.has(name)) return Promise.reject(listenError(asked, "address in use"));
    const entry = { address, accept };
    this.#listening.set(name, entry);
    const close = () => {
      if (this.#listening.get(name) === entry) this.#listening.delete(name);
      return Promise.resolve();
    };
    return Promise.resolve({ address, close, ref: () => {}, unref: () => {} });
  }
}

/**
 * Makes a network inside the process.
 *
 * @param options The clock that moves the bytes, and how many may be under way.
 * @returns The network: an adapter to serve with, and `connect` to reach what it serves.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryNetwork } from "@x/cogen-wsgi/adapters/memory";
 *
 * const network = memoryNetwork();
 * const ignore = { onEnd() {}, onDrain() {}, onClose() {} };
 * const listener = await network.adapter.listen({ host: "127.0.0.1", port: 80 }, {}, (socket) => ({
 *   ...ignore,
 *   onData: (bytes) => void socket.write(bytes.slice().reverse()),
 * }));
 * const answer = await new Promise<string>((resolve) => {
 *   const client = network.connect({ host: "127.0.0.1", port: 80 }, () => ({
 *     ...ignore,
 *     onData: (bytes) => resolve(network.adapter.latin1(bytes, 0, bytes.length)),
 *   }));
 *   client.write("stressed");
 * });
 * assertEquals(answer, "desserts");
 * await listener.close();
 * ```
 */
export function memoryNetwork(options: MemoryOptions = {}): MemoryNetwork {
  return new Network(settle(options));
}

/**
 * Makes two sockets that are connected to each other.
 *
 * @param a Called in a later turn with the first end; gives its handler.
 * @param b The same for the second end.
 * @param options The clock that moves the bytes, and how many may be under way.
 * @returns Both ends.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { socketPair } from "@x/cogen-wsgi/adapters/memory";
 *
 * const ignore = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
 * const heard = await new Promise<number>((resolve) => {
 *   const [left] = socketPair(() => ignore, () => ({
 *     ...ignore,
 *     onData: (bytes) => resolve(bytes.length),
 *   }));
 *   left.write("hello");
 * });
 * assertEquals(heard, 5);
 * ```
 */
export function socketPair(
  a: OpenHandler,
  b: OpenHandler,
  options: MemoryOptions = {},
): readonly [Socket, Socket] {
  const settings = settle(options);
  const left: Address = { family: "unix", path: "left" };
  const right: Address = { family: "unix", path: "right" };
  const first = new MemorySocket(settings, left, right);
  const second = new MemorySocket(settings, right, left);
  MemorySocket.join(first, a, second, b);
  return [first, second];
}
