/**
 * Sockets of Deno: `Deno.listen` and `Deno.connect` behind the seam.
 *
 * @module
 */

import {
  type Address,
  type DiallingAdapter,
  formatAddress,
  type ListenAddress,
  type Listener,
  type ListenOptions,
  type ListenTLSOptions,
  type OpenHandler,
} from "../src/socket/mod.ts";
import { denoClock } from "./deno/clock.ts";
import { builtins, deno, type DenoListener, type NodeBuffer, toAddress } from "./deno/runtime.ts";
import { DenoSocket } from "./deno/socket.ts";
import { dialler } from "./shared/dialling.ts";
import { bufferEquals } from "./shared/buffer_compare.ts";
import { listenOnEvery, type NameLookup } from "./shared/every_address.ts";
import { bindOverStale, type SocketFiles } from "./shared/stale_socket_file.ts";
import { builtinFiles } from "./shared/system_files.ts";
import { pathsAccepted, pathsDialled } from "./shared/unix_paths.ts";

export type { DiallingAdapter };

function log(line: string): void {
  console.error(line);
}

class DenoListenerHandle implements Listener {
  readonly address: Address;
  readonly #listener: DenoListener;
  readonly #handshakeTimeout: number | undefined;
  readonly #accepting: Promise<void>;
  #closed = false;

  constructor(listener: DenoListener, tls: ListenTLSOptions | undefined, accept: OpenHandler) {
    this.#listener = listener;
    this.#handshakeTimeout = tls?.handshakeTimeout;
    this.address = toAddress(listener.addr, "");
    this.#accepting = this.#acceptAll(accept);
  }

  async #acceptAll(accept: OpenHandler): Promise<void> {
    const paths = pathsAccepted(this.address);
    let failures = 0;
    while (!this.#closed) {
      try {
        const socket = new DenoSocket(await this.#listener.accept(), paths, log);
        failures = 0;
        socket.open(accept, this.#handshakeTimeout);
      } catch (error) {
        if (this.#closed) return;
        // A peer that left the queue fails once. Out of descriptors, it would fail again at once; then
        // one line is enough.
        if (failures++ === 0) log(`Cannot accept on ${formatAddress(this.address)}: ${error}`);
        else await new Promise((resolve) => setTimeout(resolve, 50));
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

const socketFiles: SocketFiles = {
  isInUse: (error) => (error as Error).name === "AddrInUse",
  isSocket: (path) => deno().lstatSync(path).isSocket === true,
  isRefused: async (path) => {
    try {
      (await deno().connect({ transport: "unix", path })).close();
      return false;
    } catch (error) {
      return (error as Error).name === "ConnectionRefused";
    }
  },
  remove: removeFile,
};

function names(): NameLookup {
  return builtins().getBuiltinModule("node:dns");
}

function bind(address: ListenAddress, options: ListenOptions): DenoListener {
  const { backlog, tls } = options;
  if ("path" in address) {
    if (tls !== undefined) throw new TypeError("Deno has no TLS on Unix sockets");
    return deno().listen({ transport: "unix", path: address.path });
  }
  const { host: hostname, port } = address;
  const common = { hostname, port, ...(backlog === undefined ? {} : { tcpBacklog: backlog }) };
  if (tls === undefined) return deno().listen(common);
  const { cert } = tls;
  return deno().listenTls({ ...common, cert, key: plainKey(tls), alpnProtocols: ["http/1.1"] });
}

/** Deno itself takes no encrypted keys. */
function plainKey({ key, passphrase }: ListenTLSOptions): string {
  if (passphrase === undefined) return key;
  const { createPrivateKey } = builtins().getBuiltinModule("node:crypto");
  return createPrivateKey({ key, format: "pem", passphrase })
    .export({ type: "pkcs8", format: "pem" });
}

function listen(
  address: ListenAddress,
  options: ListenOptions,
  accept: OpenHandler,
): Promise<Listener> {
  const listenOnOne = async (one: ListenAddress) => {
    const listener = await bindOverStale(one, () => bind(one, options), socketFiles);
    return new DenoListenerHandle(listener, options.tls, accept);
  };
  return listenOnEvery(address, listenOnOne, names);
}

async function dialOne(
  address: ListenAddress,
  accept: OpenHandler,
  signal: AbortSignal,
): Promise<void> {
  const where = "path" in address
    ? { transport: "unix", path: address.path }
    : { hostname: address.host, port: address.port };
  const conn = await deno().connect({ ...where, signal });
  new DenoSocket(conn, pathsDialled(address), log).open(accept, undefined);
}

let loaded: NodeBuffer | undefined;

function nodeBuffer(): NodeBuffer {
  return loaded ??= builtins().getBuiltinModule("node:buffer").Buffer.prototype;
}

function hostName(): string {
  try {
    return deno().hostname();
  } catch {
    // It needs --allow-sys, which a server needs for nothing else.
    return "localhost";
  }
}

const adapter: DiallingAdapter = {
  name: "deno",
  clock: denoClock,
  latin1: (bytes, start, end) => nodeBuffer().latin1Slice.call(bytes, start, end),
  equals: bufferEquals(() => nodeBuffer().compare),
  hostName,
  log,
  files: builtinFiles,
  listen,
  dial: dialler(dialOne, names),
};

/**
 * Gives the adapter for Deno.
 *
 * A Unix socket file that a crashed process left behind is replaced; one in use rejects.
 *
 * @returns The adapter; always the same. Under another runtime, its `listen` and `dial` reject.
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
export function denoAdapter(): DiallingAdapter {
  return adapter;
}
