/**
 * Sockets of Deno: `Deno.listen` behind the seam. Deno pulls, so this runs the read loop: one read
 * is always outstanding, and the next is issued without waiting for what the handler wrote.
 *
 * @module
 */

import { formatAddress, ipAddress, listenError } from "../src/server/address.ts";
import { Inbound, PROBE_INTERVAL } from "../src/server/inbound.ts";
import { BLOCK_SIZE, BlockPool, OutputQueue } from "../src/server/output_queue.ts";
import type {
  Adapter,
  Address,
  ListenAddress,
  Listener,
  ListenOptions,
  Socket,
  SocketHandler,
} from "../src/server/socket.ts";
import { denoClock } from "./deno_clock.ts";

type Accept = (socket: Socket) => SocketHandler;

/** What is used of `Deno`, so that no type of this file needs Deno's own. */
interface DenoAddress {
  readonly transport: string;
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: string | null;
}
interface DenoConn {
  readonly localAddr: DenoAddress;
  readonly remoteAddr: DenoAddress;
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  setNoDelay?(on: boolean): void;
}
interface DenoListener {
  readonly addr: DenoAddress;
  accept(): Promise<DenoConn>;
  close(): void;
  ref(): void;
  unref(): void;
}
interface DenoRuntime {
  listen(options: Record<string, unknown>): DenoListener;
  connect(options: Record<string, unknown>): Promise<DenoConn>;
  removeSync(path: string): void;
  hostname(): string;
}

function deno(): DenoRuntime {
  const runtime = (globalThis as { Deno?: DenoRuntime }).Deno;
  if (runtime === undefined) throw new TypeError("The Deno adapter needs Deno: no global Deno");
  return runtime;
}

/** How much may wait before `write` says so, in bytes. */
const HIGH_WATER = BLOCK_SIZE;

/** An idle connection's read buffer, in bytes; one that fills it reads into a whole block. */
const SMALL_READ = 4 * 1024;

const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();
const pool = new BlockPool();

function writeLatin1(text: string, target: Uint8Array, at: number): void {
  const { read, written } = encoder.encodeInto(text, at === 0 ? target : target.subarray(at));
  if (read === text.length && written === text.length) return;
  // Not ASCII, so what was encoded is not latin-1. Deno's Buffer would be slower than this loop.
  for (let index = 0; index < text.length; index++) {
    target[at + index] = text.charCodeAt(index);
  }
}

function log(line: string): void {
  console.error(line);
}

/** One accepted `Deno.Conn`. */
class DenoSocket implements Socket {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted = false;
  readonly #conn: DenoConn;
  readonly #inbound: Inbound;
  readonly #output = new OutputQueue(pool, writeLatin1);
  readonly #small: Uint8Array = new Uint8Array(SMALL_READ);
  #probe: ReturnType<typeof setInterval> | undefined;
  #writable = true;
  #writing = false;
  #wantsDrain = false;
  #finished = false;
  #closed = false;

  constructor(conn: DenoConn, listening: Address) {
    this.#conn = conn;
    this.remote = toAddress(conn.remoteAddr, "");
    this.local = toAddress(conn.localAddr, listening.family === "unix" ? listening.path : "");
    this.#inbound = new Inbound({
      resumeSource: () => {
        clearInterval(this.#probe);
        this.#readAll();
      },
      destroy: () => this.destroy(),
      soon: queueMicrotask,
      log,
    });
  }

  open(accept: Accept): void {
    this.#conn.setNoDelay?.(true);
    this.#inbound.attach(accept(this));
    this.#readAll();
  }

  write(bytes: Uint8Array | string): boolean {
    if (!this.#writable) return true;
    this.#output.push(bytes);
    if (!this.#writing && this.#output.size > 0) this.#send();
    if (this.#output.size < HIGH_WATER) return true;
    this.#wantsDrain = true;
    return false;
  }

  endWrite(): void {
    if (!this.#writable) return;
    this.#writable = false;
    if (!this.#writing) this.#finish();
  }

  destroy(): void {
    if (this.#inbound.closing()) this.#close();
  }

  pauseReading(): void {
    this.#inbound.pause();
  }

  resumeReading(): void {
    this.#inbound.resume();
  }

  async #readAll(): Promise<void> {
    let buffer: Uint8Array = this.#small;
    try {
      while (!this.#closed) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        if (count > 0 && !this.#inbound.data(buffer.subarray(0, count), false)) {
          return this.#stopReading();
        }
        buffer = this.#nextBuffer(buffer, count);
      }
      this.#inbound.end();
      this.#closeIfDone();
    } catch (error) {
      this.#close(error as Error);
    } finally {
      if (buffer !== this.#small) pool.give(buffer);
    }
  }

  /** Without a read outstanding, only a write tells of a reset. */
  #stopReading(): void {
    this.#probe = setInterval(() => {
      if (this.#writable && !this.#writing) this.#conn.write(NOTHING).catch(this.#broken);
    }, PROBE_INTERVAL);
  }

  /** A busy reader gets a block; one that has calmed down gives it back. */
  #nextBuffer(buffer: Uint8Array, count: number): Uint8Array {
    if (buffer === this.#small) return count === SMALL_READ ? pool.take() : buffer;
    if (count >= SMALL_READ) return buffer;
    pool.give(buffer);
    return this.#small;
  }

  #send(): void {
    this.#writing = true;
    // Deno polls a write at once: with room in the kernel the bytes are out when this returns.
    this.#conn.write(this.#output.head()).then(this.#sent, this.#broken);
  }

  readonly #sent = (count: number): void => {
    if (this.#closed) return;
    this.#output.advance(count);
    if (this.#output.size > 0) return this.#send();
    this.#writing = false;
    if (this.#wantsDrain) {
      this.#wantsDrain = false;
      this.#inbound.drain();
    }
    if (!this.#writable && !this.#writing) this.#finish();
  };

  readonly #broken = (error: unknown): void => this.#close(error as Error);

  /** Sends our FIN: everything written has gone. */
  #finish(): void {
    if (this.#closed || this.#finished) return;
    this.#finished = true;
    // It fails if the peer is gone, and then the read tells.
    this.#conn.closeWrite().then(this.#closeIfDone, this.#closeIfDone);
  }

  readonly #closeIfDone = (): void => {
    if (this.#finished && !this.#inbound.open) this.#close();
  };

  #close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#writable = false;
    clearInterval(this.#probe);
    this.#output.clear();
    // Cancels the outstanding read and write, too.
    this.#conn.close();
    this.#inbound.close(error);
  }
}

function toAddress(address: DenoAddress, path: string): Address {
  if (address.hostname === undefined) return { family: "unix", path: address.path || path };
  return ipAddress(address.hostname, address.port ?? 0);
}

class DenoListenerHandle implements Listener {
  readonly address: Address;
  readonly #listener: DenoListener;
  readonly #accepting: Promise<void>;
  #closed = false;

  constructor(listener: DenoListener, accept: Accept) {
    this.#listener = listener;
    this.address = toAddress(listener.addr, "");
    this.#accepting = this.#acceptAll(accept);
  }

  async #acceptAll(accept: Accept): Promise<void> {
    while (!this.#closed) {
      try {
        welcome(new DenoSocket(await this.#listener.accept(), this.address), accept);
      } catch (error) {
        if (this.#closed) return;
        // Out of descriptors, or a peer that left the queue. At once, it would fail again.
        log(`Cannot accept on ${formatAddress(this.address)}: ${error}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#listener.close();
      // Deno leaves the file behind.
      if (this.address.family === "unix") removeFile(this.address.path);
    }
    // Until the pending accept has been rejected, the port may still be taken.
    await this.#accepting;
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }
}

function welcome(socket: DenoSocket, accept: Accept): void {
  try {
    socket.open(accept);
  } catch (error) {
    log(`Accepting a connection threw: ${error instanceof Error ? error.stack : error}`);
    socket.destroy();
  }
}

function removeFile(path: string): void {
  try {
    deno().removeSync(path);
  } catch {
    // Somebody else has removed it.
  }
}

/** Whether a Unix socket file was left behind by a process that has gone: nobody answers there. */
async function isStale(address: ListenAddress): Promise<boolean> {
  if (!("path" in address)) return false;
  try {
    (await deno().connect({ transport: "unix", path: address.path })).close();
    return false;
  } catch (error) {
    return (error as Error).name === "ConnectionRefused";
  }
}

function bind(address: ListenAddress, options: ListenOptions): DenoListener {
  if ("path" in address) return deno().listen({ transport: "unix", path: address.path });
  const backlog = options.backlog === undefined ? {} : { tcpBacklog: options.backlog };
  return deno().listen({ hostname: address.host, port: address.port, ...backlog });
}

async function listen(
  address: ListenAddress,
  options: ListenOptions,
  accept: Accept,
): Promise<Listener> {
  try {
    return new DenoListenerHandle(bind(address, options), accept);
  } catch (cause) {
    if ((cause as Error).name !== "AddrInUse" || !await isStale(address)) {
      throw listenError(address, cause);
    }
    removeFile(formatAddress(address));
    return new DenoListenerHandle(bind(address, options), accept);
  }
}

/** A Buffer's own method, called on plain bytes: it copies nothing but the characters. */
interface Latin1Slicer {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}
interface BuiltinModules {
  process: { getBuiltinModule(name: "node:buffer"): { Buffer: { prototype: Latin1Slicer } } };
}

let slice: Latin1Slicer["latin1Slice"] | undefined;

function latin1(bytes: Uint8Array, start: number, end: number): string {
  slice ??= (globalThis as unknown as BuiltinModules).process.getBuiltinModule("node:buffer").Buffer
    .prototype.latin1Slice;
  return slice.call(bytes, start, end);
}

function hostName(): string {
  try {
    return deno().hostname();
  } catch {
    // It needs --allow-sys, which a server needs for nothing else.
    return "localhost";
  }
}

const adapter: Adapter = { name: "deno", clock: denoClock, latin1, hostName, log, listen };

/**
 * Gives the adapter for Deno.
 *
 * A Unix socket file that a crashed process left behind is replaced; one in use rejects.
 *
 * @returns The adapter; always the same. It throws a `TypeError` when used under another runtime.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { denoAdapter } from "@x/cogen-wsgi/adapters/deno";
 *
 * const adapter = denoAdapter();
 * assertEquals(adapter.name, "deno");
 * assertEquals(adapter.latin1(new Uint8Array([0x48, 0x69, 0x80]), 0, 3), "Hi\x80");
 * ```
 */
export function denoAdapter(): Adapter {
  return adapter;
}
