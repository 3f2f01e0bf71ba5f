/**
 * Sockets of Deno: `Deno.listen` behind the seam.
 *
 * @module
 */

import { formatAddress, listenError } from "../src/server/address.ts";
import type { Accept } from "../src/server/inbound.ts";
import type {
  Adapter,
  Address,
  ListenAddress,
  Listener,
  ListenOptions,
} from "../src/server/socket.ts";
import { denoClock } from "./deno_clock.ts";
import { deno, type DenoListener, toAddress } from "./deno_runtime.ts";
import { DenoSocket } from "./deno_socket.ts";
import { builtinFiles } from "./system_files.ts";

function log(line: string): void {
  console.error(line);
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
        new DenoSocket(await this.#listener.accept(), this.address, log).open(accept);
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

function removeFile(path: string): void {
  try {
    deno().removeSync(path);
  } catch {
    // Somebody else has removed it.
  }
}

/** Whether a Unix socket file was left behind by a process that has gone: nobody answers there. */
async function isStale(address: ListenAddress): Promise<boolean> {
  // What is no socket refuses connections, too; it is not ours to remove.
  if (!("path" in address) || !deno().lstatSync(address.path).isSocket) return false;
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

/** Listens, over a stale file if need be. */
async function bindOrReplace(
  address: ListenAddress,
  options: ListenOptions,
): Promise<DenoListener> {
  try {
    return bind(address, options);
  } catch (error) {
    if ((error as Error).name !== "AddrInUse" || !await isStale(address)) throw error;
    removeFile(formatAddress(address));
    return bind(address, options);
  }
}

async function listen(
  address: ListenAddress,
  options: ListenOptions,
  accept: Accept,
): Promise<Listener> {
  try {
    return new DenoListenerHandle(await bindOrReplace(address, options), accept);
  } catch (cause) {
    throw listenError(address, cause);
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

const adapter: Adapter = {
  name: "deno",
  clock: denoClock,
  latin1,
  hostName,
  log,
  files: builtinFiles,
  listen,
};

/**
 * Gives the adapter for Deno.
 *
 * A Unix socket file that a crashed process left behind is replaced; one in use rejects.
 *
 * @returns The adapter; always the same. Under another runtime, its `listen` rejects.
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
