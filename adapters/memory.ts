/**
 * A network inside the process: the smallest adapter there is, for tests and for embedding, and the
 * one to read before writing your own.
 *
 * What an adapter has to do is all here: make a `Socket` for each end of a connection, push what
 * comes to its handler through an {@linkcode Inbound} (which keeps the promises about order, pauses
 * and closing), say `false` from `write` when the other side is slow, and `onDrain` when it is not.
 * It needs nothing of the runtime but web standards, and no data moves except in a turn of its
 * clock, so a test that owns the clock decides when.
 *
 * @module
 */

import { formatAddress, ipAddress, listenError } from "../src/server/address.ts";
import { Inbound } from "../src/server/inbound.ts";
import type {
  Adapter,
  Address,
  ListenAddress,
  Listener,
  ListenOptions,
  Socket,
  SocketHandler,
} from "../src/server/socket.ts";

/** Takes a new socket and gives back who is told of what happens to it. */
export type Accept = (socket: Socket) => SocketHandler;

/** Options of {@linkcode memoryNetwork} and {@linkcode socketPair}. */
export interface MemoryOptions {
  /** What moves the bytes; by default the runtime's timers. */
  readonly clock?: Adapter["clock"];
  /** How many undelivered bytes make `write` return `false`, a direction; 64 KB by default. */
  readonly window?: number;
  /** Where the error log goes; by default `console.error`. */
  readonly log?: (line: string) => void;
}

/** A network that reaches no further than the object itself. */
export interface MemoryNetwork {
  /** What a server listens with. */
  readonly adapter: Adapter;
  /**
   * Connects to a listener of this network.
   *
   * @param address Where it listens.
   * @param open Called once, in a later turn, with the client's end.
   * @returns The client's end.
   * @throws An `Error` that names the address, if nobody listens there.
   */
  connect(address: ListenAddress, open: Accept): Socket;
}

const DEFAULT_WINDOW = 64 * 1024;
const FIRST_PORT = 49152;

type Settings = Required<MemoryOptions>;

/** One direction of a connection: bytes on their way to one end. */
class Pipe {
  readonly chunks: Uint8Array[] = [];
  size = 0;
  /** The FIN follows the last chunk. */
  ended = false;
  moving = false;
  wantsDrain = false;
}

/** One end of a connection. */
class MemorySocket implements Socket {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted = false;
  readonly #settings: Settings;
  readonly #inbound: Inbound;
  readonly #incoming = new Pipe();
  /** The other end: `join` sets it before anybody has this one. */
  #peer!: MemorySocket;
  #reading = true;
  #writable = true;
  #finSent = false;

  constructor(settings: Settings, local: Address, remote: Address) {
    this.#settings = settings;
    this.local = local;
    this.remote = remote;
    this.#inbound = new Inbound({
      resumeSource: () => {
        this.#reading = true;
        this.#move();
      },
      destroy: () => this.destroy(),
      soon: settings.clock.defer,
      log: settings.log,
    });
  }

  /** Joins two ends; in a later turn each gets its handler, and only then its first bytes. */
  static join(a: MemorySocket, openA: Accept, b: MemorySocket, openB: Accept): void {
    a.#peer = b;
    b.#peer = a;
    a.#settings.clock.defer(() => {
      a.#open(openA);
      b.#open(openB);
    });
  }

  write(bytes: Uint8Array | string): boolean {
    const pipe = this.#peer.#incoming;
    if (!this.#writable || bytes.length === 0) return true;
    pipe.chunks.push(typeof bytes === "string" ? encodeLatin1(bytes) : bytes);
    pipe.size += bytes.length;
    this.#peer.#move();
    if (pipe.size < this.#settings.window) return true;
    pipe.wantsDrain = true;
    return false;
  }

  endWrite(): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#peer.#incoming.ended = true;
    this.#peer.#move();
  }

  /** The peer hears of it as a reset: what was still under way is lost, in both directions. */
  destroy(): void {
    if (!this.#inbound.closing()) return;
    this.#close();
    const peer = this.#peer;
    this.#settings.clock.defer(() => peer.#close(new Error("The connection was reset")));
  }

  pauseReading(): void {
    this.#inbound.pause();
  }

  resumeReading(): void {
    this.#inbound.resume();
  }

  #open(accept: Accept): void {
    try {
      this.#inbound.attach(accept(this));
    } catch (error) {
      this.#settings.log(`Accepting a connection threw: ${error}`);
      this.destroy();
    }
  }

  /** Delivers what is on its way, in a turn of its own. */
  #move(): void {
    const pipe = this.#incoming;
    if (pipe.moving || !this.#reading) return;
    pipe.moving = true;
    this.#settings.clock.defer(() => {
      pipe.moving = false;
      this.#deliver(pipe);
    });
  }

  #deliver(pipe: Pipe): void {
    // Only what was here when the turn began: two ends that answer each other take turns.
    for (let left = pipe.chunks.length; left > 0 && this.#reading; left--) {
      const bytes = pipe.chunks.shift();
      if (bytes === undefined) break;
      pipe.size -= bytes.length;
      this.#reading = this.#inbound.data(bytes, true);
    }
    if (pipe.wantsDrain && pipe.size === 0) {
      pipe.wantsDrain = false;
      this.#peer.#inbound.drain();
    }
    if (pipe.size > 0) return this.#move();
    if (!pipe.ended || !this.#reading) return;
    this.#inbound.end();
    this.#peer.#finDelivered();
    this.#closeIfDone();
  }

  #finDelivered(): void {
    this.#finSent = true;
    this.#closeIfDone();
  }

  /** As in TCP, a connection is over when both ends have said so. */
  #closeIfDone(): void {
    if (this.#finSent && !this.#inbound.open) this.#close();
  }

  #close(error?: Error): void {
    this.#writable = false;
    this.#reading = false;
    this.#incoming.chunks.length = 0;
    this.#incoming.size = 0;
    this.#inbound.close(error);
  }
}

function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

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
  return {
    now: () => performance.now(),
    defer: (turn) => void (immediate === undefined ? setTimeout(turn, 0) : immediate(turn)),
    setTimer: (delay, turn) => {
      const timer = setTimeout(turn, delay);
      return () => clearTimeout(timer);
    },
  };
}

function settle(options: MemoryOptions): Settings {
  return {
    clock: options.clock ?? portableClock(),
    window: options.window ?? DEFAULT_WINDOW,
    log: options.log ?? ((line) => console.error(line)),
  };
}

/** The listeners of one network, by the text of their address. */
class Network implements MemoryNetwork {
  readonly adapter: Adapter;
  readonly #settings: Settings;
  readonly #listening = new Map<string, { readonly address: Address; readonly accept: Accept }>();
  #nextPort = FIRST_PORT;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.adapter = {
      name: "memory",
      clock: settings.clock,
      latin1: decodeLatin1,
      hostName: () => "localhost",
      log: settings.log,
      listen: (address, options, accept) => this.#listen(address, options, accept),
    };
  }

  connect(address: ListenAddress, open: Accept): Socket {
    const listener = this.#listening.get(formatAddress(address));
    if (listener === undefined) {
      throw new Error(`Cannot connect to ${formatAddress(address)}: nobody listens there`);
    }
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

  #listen(asked: ListenAddress, _options: ListenOptions, accept: Accept): Promise<Listener> {
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
  a: Accept,
  b: Accept,
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
