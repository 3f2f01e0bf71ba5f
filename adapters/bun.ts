/**
 * Sockets of Bun: `Bun.listen` behind the seam. Bun buffers nothing, so this keeps what the kernel
 * did not take, and sends it when Bun says `drain`.
 *
 * @module
 */

import { formatAddress, ipAddress, listenError } from "../src/server/address.ts";
import { Inbound } from "../src/server/inbound.ts";
import { BlockPool, OutputQueue } from "../src/server/output_queue.ts";
import type {
  Adapter,
  Address,
  ListenAddress,
  Listener,
  ListenOptions,
  Socket,
  SocketHandler,
} from "../src/server/socket.ts";

type Accept = (socket: Socket) => SocketHandler;

/** What is used of `Bun`, so that no type of this file needs Bun's own. */
interface BunStream {
  data: BunSocket;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly localAddress?: string;
  readonly localPort?: number;
  write(text: string, encoding: "latin1"): number;
  write(bytes: Uint8Array): number;
  shutdown(): void;
  end(): void;
  pause(): void;
  resume(): void;
  setNoDelay(on: boolean): boolean;
}
interface BunEvents {
  open(stream: BunStream): void;
  data?(stream: BunStream, bytes: Uint8Array): void;
  end?(stream: BunStream): void;
  drain?(stream: BunStream): void;
  close?(stream: BunStream, error?: Error): void;
  error?(stream: BunStream, error: Error): void;
}
interface BunListener {
  readonly hostname: string;
  readonly port: number;
  stop(): void;
  ref(): void;
  unref(): void;
}
interface BunRuntime {
  listen(options: Record<string, unknown> & { socket: BunEvents }): BunListener;
  connect(options: Record<string, unknown> & { socket: BunEvents }): Promise<BunStream>;
}
interface NodeBuffer {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, at: number, length: number): number;
}
interface BuiltinModules {
  getBuiltinModule(name: "node:buffer"): { Buffer: { prototype: NodeBuffer } };
  getBuiltinModule(name: "node:os"): { hostname(): string };
  getBuiltinModule(name: "node:fs"): { unlinkSync(path: string): void };
}

function bun(): BunRuntime {
  const runtime = (globalThis as { Bun?: BunRuntime }).Bun;
  if (runtime === undefined) throw new TypeError("The Bun adapter needs Bun: no global Bun");
  return runtime;
}

/** Node's modules as Bun has them, reached without an import that other runtimes would follow. */
function modules(): BuiltinModules {
  return (globalThis as unknown as { process: BuiltinModules }).process;
}

let buffer: NodeBuffer | undefined;

function nodeBuffer(): NodeBuffer {
  return buffer ??= modules().getBuiltinModule("node:buffer").Buffer.prototype;
}

function writeLatin1(text: string, target: Uint8Array, at: number): void {
  nodeBuffer().latin1Write.call(target, text, at, text.length);
}

function log(line: string): void {
  console.error(line);
}

const pool = new BlockPool();

/** One accepted `Bun.Socket`. */
class BunSocket implements Socket {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted = false;
  readonly inbound: Inbound;
  readonly #stream: BunStream;
  readonly #output = new OutputQueue(pool, writeLatin1);
  #writable = true;
  #wantsDrain = false;
  #finished = false;

  constructor(stream: BunStream, listening: ListenAddress) {
    this.#stream = stream;
    this.remote = endAddress(listening, stream.remoteAddress, stream.remotePort, "");
    this.local = endAddress(listening, stream.localAddress, stream.localPort, undefined);
    this.inbound = new Inbound({
      resumeSource: () => stream.resume(),
      destroy: () => this.destroy(),
      soon: queueMicrotask,
      log,
    });
  }

  write(bytes: Uint8Array | string): boolean {
    if (!this.#writable || bytes.length === 0) return true;
    const taken = this.#output.size > 0 ? 0 : this.#offer(bytes);
    if (taken >= bytes.length) return true;
    this.#output.push(typeof bytes === "string" ? bytes.slice(taken) : bytes.subarray(taken));
    this.#wantsDrain = true;
    return false;
  }

  endWrite(): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#finishIfSent();
  }

  destroy(): void {
    this.#writable = false;
    // Not `terminate`: that resets, and the peer loses even what it was sent long ago.
    if (this.inbound.closing()) this.#stream.end();
  }

  pauseReading(): void {
    this.inbound.pause();
  }

  resumeReading(): void {
    this.inbound.resume();
  }

  /** Bun has room again, or says so. */
  flush(): void {
    while (this.#output.size > 0) {
      const head = this.#output.head();
      const taken = this.#offer(head);
      this.#output.advance(taken);
      if (taken < head.length) return;
    }
    if (this.#wantsDrain) {
      this.#wantsDrain = false;
      this.inbound.drain();
    }
    this.#finishIfSent();
  }

  ended(): void {
    this.inbound.end();
    this.#closeIfDone();
  }

  closed(error: Error | undefined): void {
    this.#writable = false;
    this.#output.clear();
    // After our own FIN, Bun tells of the peer's by closing at once.
    if (this.#finished && error === undefined) this.inbound.end();
    this.#finished = true;
    this.inbound.close(error);
  }

  /** How many bytes the kernel took. Without the encoding Bun would send a string as UTF-8. */
  #offer(bytes: Uint8Array | string): number {
    const taken = typeof bytes === "string"
      ? this.#stream.write(bytes, "latin1")
      : this.#stream.write(bytes);
    return Math.max(taken, 0);
  }

  /** Half-closes once everything is out: Bun's `end` would close, and drop what it had accepted. */
  #finishIfSent(): void {
    if (this.#writable || this.#finished || this.#output.size > 0) return;
    this.#finished = true;
    this.#stream.shutdown();
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#finished && !this.inbound.open) this.#stream.end();
  }
}

function endAddress(
  listening: ListenAddress,
  host: string | undefined,
  port: number | undefined,
  path: string | undefined,
): Address {
  if ("path" in listening) return { family: "unix", path: path ?? listening.path };
  return ipAddress(host ?? "", port ?? 0);
}

/** Bun's events of every connection of one listener; each finds its socket in `stream.data`. */
function events(listening: ListenAddress, accept: Accept): BunEvents {
  return {
    open: (stream) => welcome(stream, listening, accept),
    data: (stream, bytes) => {
      if (!stream.data.inbound.data(bytes, true)) stream.pause();
    },
    end: (stream) => stream.data.ended(),
    drain: (stream) => stream.data.flush(),
    close: (stream, error) => stream.data.closed(error),
    error: (_, error) => log(`A socket failed: ${error.stack}`),
  };
}

function welcome(stream: BunStream, listening: ListenAddress, accept: Accept): void {
  stream.setNoDelay(true);
  const socket = new BunSocket(stream, listening);
  stream.data = socket;
  try {
    socket.inbound.attach(accept(socket));
  } catch (error) {
    log(`Accepting a connection threw: ${error instanceof Error ? error.stack : error}`);
    socket.destroy();
  }
}

class BunListenerHandle implements Listener {
  readonly address: Address;
  readonly #listener: BunListener;

  constructor(listener: BunListener, asked: ListenAddress) {
    this.#listener = listener;
    this.address = "path" in asked
      ? { family: "unix", path: asked.path }
      : ipAddress(listener.hostname, listener.port);
  }

  close(): Promise<void> {
    this.#listener.stop();
    return Promise.resolve();
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }
}

function bind(address: ListenAddress, options: ListenOptions, accept: Accept): BunListener {
  const where = "path" in address
    ? { unix: address.path }
    : { hostname: address.host, port: address.port };
  const socket = events(address, accept);
  return bun().listen({ ...where, ...options, allowHalfOpen: true, socket });
}

/** Whether a Unix socket file was left behind by a process that has gone: nobody answers there. */
async function isStale(address: ListenAddress): Promise<boolean> {
  if (!("path" in address)) return false;
  try {
    // Without a handler for data, Bun does not even try.
    const socket = { open: (stream: BunStream) => stream.end(), data: () => {} };
    await bun().connect({ unix: address.path, socket });
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "ECONNREFUSED";
  }
}

async function listen(
  address: ListenAddress,
  options: ListenOptions,
  accept: Accept,
): Promise<Listener> {
  try {
    return new BunListenerHandle(bind(address, options, accept), address);
  } catch (cause) {
    const inUse = (cause as { code?: string }).code === "EADDRINUSE";
    if (!inUse || !await isStale(address)) throw listenError(address, cause);
    modules().getBuiltinModule("node:fs").unlinkSync(formatAddress(address));
    return new BunListenerHandle(bind(address, options, accept), address);
  }
}

const adapter: Adapter = {
  name: "bun",
  clock: {
    now: () => performance.now(),
    defer: (turn) => void setImmediate(turn),
    setTimer: (delay, turn) => {
      const timer = setTimeout(turn, delay);
      return () => clearTimeout(timer);
    },
  },
  latin1: (bytes, start, end) => nodeBuffer().latin1Slice.call(bytes, start, end),
  hostName: () => modules().getBuiltinModule("node:os").hostname(),
  log,
  listen,
};

/**
 * Gives the adapter for Bun.
 *
 * A Unix socket file that a crashed process left behind is replaced; one in use rejects.
 *
 * @returns The adapter; always the same. It throws a `TypeError` when used under another runtime.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bunAdapter } from "@x/cogen-wsgi/adapters/bun";
 *
 * assertEquals(bunAdapter().name, "bun");
 * ```
 */
export function bunAdapter(): Adapter {
  return adapter;
}
