/**
 * Sockets of Bun: `Bun.listen` behind the seam, and `net.connect` for dialling.
 *
 * @module
 */

import {
  type Address,
  type DiallingAdapter,
  ipAddress,
  type ListenAddress,
  type Listener,
  type ListenOptions,
  type ListenTLSOptions,
  type OpenHandler,
} from "../src/socket/mod.ts";
import {
  builtins,
  bun,
  type BunEvents,
  type BunListener,
  type BunStream,
  nodeBuffer,
  type NodeFiles,
} from "./bun/runtime.ts";
import { BunSocket } from "./bun/socket.ts";
import { dialler } from "./shared/dialling.ts";
import { bufferEquals } from "./shared/buffer_compare.ts";
import { listenOnEvery, type NameLookup } from "./shared/every_address.ts";
import { netDial, type NetModule } from "./node/dial.ts";
import { bindOverStale, type SocketFiles } from "./shared/stale_socket_file.ts";
import { builtinFiles } from "./shared/system_files.ts";
import { hostClock } from "./shared/host_clock.ts";
import { pathsAccepted, type UnixPaths } from "./shared/unix_paths.ts";

export type { DiallingAdapter };

function log(line: string): void {
  console.error(line);
}

/** Bun's events of every connection of one listener; each finds its socket in `stream.data`. */
function events(
  paths: UnixPaths | undefined,
  handshakeTimeout: number | undefined,
  accept: OpenHandler,
): BunEvents {
  return {
    open: (stream) => new BunSocket(stream, paths, log, handshakeTimeout).open(accept),
    handshake: (stream, success, error) => stream.data.secured(success ? undefined : error),
    binaryType: "uint8array",
    data: (stream, bytes) => stream.data.received(bytes),
    end: (stream) => stream.data.ended(),
    drain: (stream) => stream.data.flush(),
    close: (stream, error) => stream.data.closed(error),
    error: (_, error) => log(`A socket failed: ${error.stack}`),
  };
}

class BunListenerHandle implements Listener {
  readonly address: Address;
  readonly #listener: BunListener;

  constructor(listener: BunListener, asked: ListenAddress) {
    this.#listener = listener;
    this.address = "path" in asked ? { family: "unix", path: asked.path } : numeric(listener);
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

/** `hostname` is what was asked for; the system's own answer is numeric. */
function numeric(listener: BunListener): Address {
  const name: { address?: string } = {};
  listener.getsockname(name);
  return ipAddress(name.address ?? listener.hostname, listener.port);
}

function bind(address: ListenAddress, options: ListenOptions, accept: OpenHandler): BunListener {
  const where = "path" in address
    ? { unix: address.path }
    : { hostname: address.host, port: address.port };
  const socket = events(pathsAccepted(address), options.tls?.handshakeTimeout, accept);
  // A future Bun may take `backlog`; 1.4 always uses 512.
  const backlog = options.backlog === undefined ? {} : { backlog: options.backlog };
  const tls = options.tls === undefined ? {} : { tls: encryption(options.tls) };
  return bun().listen({ ...where, ...backlog, ...tls, allowHalfOpen: true, socket });
}

/** Bun takes protocols as they stand in the handshake: each after its length. */
function encryption({ cert, key, passphrase }: ListenTLSOptions): Record<string, unknown> {
  const ALPNProtocols = new TextEncoder().encode("\x08http/1.1").buffer;
  return { cert, key, ...(passphrase === undefined ? {} : { passphrase }), ALPNProtocols };
}

function names(): NameLookup {
  return builtins().getBuiltinModule("node:dns");
}

function net(): NetModule {
  bun(); // it throws elsewhere, where `node:net` is another one
  return builtins().getBuiltinModule("node:net");
}

function files(): NodeFiles {
  return builtins().getBuiltinModule("node:fs");
}

const socketFiles: SocketFiles = {
  isInUse: (error) => codeOf(error) === "EADDRINUSE",
  isSocket: (path) => files().lstatSync(path).isSocket(),
  isRefused: async (path) => {
    try {
      // Without a handler for data, Bun does not even try.
      const socket = { open: (stream: BunStream) => stream.end(), data: () => {} };
      await bun().connect({ unix: path, socket });
      return false;
    } catch (error) {
      return codeOf(error) === "ECONNREFUSED";
    }
  },
  remove: (path) => files().unlinkSync(path),
};

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

function listen(
  address: ListenAddress,
  options: ListenOptions,
  accept: OpenHandler,
): Promise<Listener> {
  const listenOnOne = async (one: ListenAddress) => {
    const listener = await bindOverStale(one, () => bind(one, options, accept), socketFiles);
    return new BunListenerHandle(listener, one);
  };
  return listenOnEvery(address, listenOnOne, names);
}

const adapter: DiallingAdapter = {
  name: "bun",
  clock: hostClock((turn) => void setImmediate(turn)),
  latin1: (bytes, start, end) => nodeBuffer().latin1Slice.call(bytes, start, end),
  equals: bufferEquals(() => nodeBuffer().compare),
  hostName: () => builtins().getBuiltinModule("node:os").hostname(),
  log,
  files: builtinFiles,
  listen,
  dial: dialler(netDial(net, log), names),
};

/**
 * Gives the adapter for Bun.
 *
 * A Unix socket file that a crashed process left behind is replaced; one in use rejects.
 *
 * @returns The adapter; always the same. Under another runtime, its `listen` and `dial` reject.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bunAdapter } from "@x/cogen-wsgi/adapters/bun";
 *
 * assertEquals(bunAdapter().name, "bun");
 * ```
 */
export function bunAdapter(): DiallingAdapter {
  return adapter;
}
