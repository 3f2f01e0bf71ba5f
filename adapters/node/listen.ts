/**
 * Listens with `net.Server`.
 *
 * `node.ts` and `node/accepted.ts` call this, once for each address of a host name. The adapters for Deno and
 * Bun call this for TLS.
 *
 * @module
 */

import { accessSync, constants, lstatSync, renameSync, unlinkSync } from "node:fs";
import * as net from "node:net";
import { dirname } from "node:path";
import { setInterval } from "node:timers";
import {
  type Address,
  formatAddress,
  type InheritedListener,
  ipAddress,
  type Listener,
  type ListenOptions,
  type ListenTarget,
  type ListenTLSOptions,
  type OpenHandler,
} from "../../src/socket/mod.ts";
import { pathsAccepted } from "../shared/end_address.ts";
import { logError } from "../shared/error_log.ts";
import type { OwnSocketFile } from "../shared/own_socket_file.ts";
import { bindOverStale, ownFileOf, type SocketFiles } from "../shared/stale_socket_file.ts";
import { codeOf } from "../shared/system_error.ts";
import { openStream } from "./open_stream.ts";
import { STREAM_OPTIONS } from "./socket.ts";

/** The time between two calls by which a server of Deno goes on to accept, in milliseconds. */
const ACCEPT_AGAIN_MS = 1000;

/** The part of a `net.Server` that leads to the listener of the runtime. */
interface Internals {
  readonly _handle?: { listen?(backlog: number): unknown } | null;
}

/**
 * Listens on a path or a numeric host.
 *
 * @param address The address.
 * @param options The options of the adapter's `listen`.
 * @param open The function that gives each connection its handler.
 * @returns The listener.
 * @throws The error of the system or of OpenSSL.
 */
export async function listenOnOne(
  address: ListenTarget,
  options: ListenOptions,
  open: OpenHandler,
): Promise<Listener> {
  const { log = logError } = options;
  const tls = options.tls && new (await import("./preamble.ts")).OpeningTLS(options.tls);
  const listener = await listenForStreams(address, options, {}, (bound) => {
    const opening = { tls, paths: pathsAccepted(bound), log };
    return (stream) => openStream(stream, opening, open);
  });
  if (tls === undefined) return listener;
  const { encryption } = tls;
  return Object.assign(listener, {
    reloadTls: (next: ListenTLSOptions) => encryption.reload(next),
  });
}

/**
 * Listens, and gives each stream to a function that depends on the bound address.
 *
 * @param address The address.
 * @param options The backlog and the log.
 * @param how Further options of the streams.
 * @param taking Makes the function that gets each stream.
 * @returns The listener.
 * @throws The error of the system.
 */
export async function listenForStreams(
  address: ListenTarget,
  options: ListenOptions,
  how: { readonly pauseOnConnect?: boolean },
  taking: (bound: Address) => (stream: net.Socket) => void,
): Promise<Listener> {
  const { log = logError } = options;
  const server = net.createServer({ ...STREAM_OPTIONS, ...how });
  const makeFile = await ownFileOf(address, { lstatSync, renameSync });
  await bindOverStale(address, () => bind(server, address, options), socketFiles);
  const bound = boundAddress(server, address);
  // Such an error is, for example, too many open files. Without this handler, it would end the
  // process.
  server.on("error", (error) => {
    log(`Cannot accept on ${formatAddress(bound)}: ${error.message}`);
  });
  server.on("connection", taking(bound));
  const stopAgain = "Deno" in globalThis ? acceptAgain(server, options.backlog) : undefined;
  return new NodeListener(server, bound, makeFile?.(), stopAgain);
}

/**
 * Lets a server of Deno go on to accept. Without a free descriptor, it ends for ever to accept, and tells nothing
 * of it. Its handle goes on when it listens again; otherwise the call changes nothing.
 *
 * @returns The function that ends the calls.
 */
function acceptAgain(server: net.Server & Internals, backlog = 511): () => void {
  const timer = setInterval(() => void server._handle?.listen?.(backlog), ACCEPT_AGAIN_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function bind(server: net.Server, address: ListenTarget, options: ListenOptions): Promise<void> {
  const { backlog } = options;
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(bindError(error, address)));
    const done = () => {
      server.removeAllListeners("error");
      resolve();
    };
    if ("fd" in address) server.listen(inheritedHandle(address), backlog, done);
    else server.listen({ ...address, ...(backlog === undefined ? {} : { backlog }) }, done);
  });
}

/**
 * Takes an inherited socket, as `Server.listen` expects it.
 *
 * The trap: a TCP socket without an address would listen on a random port of every interface. Only Node tells the
 * address before; Bun listens.
 *
 * @throws An error with the code `EDESTADDRREQ` for a TCP socket without an address.
 */
function inheritedHandle({ fd }: InheritedListener): net.Socket | InheritedListener {
  if ("Bun" in globalThis) return { fd };
  let handle: net.Socket;
  try {
    handle = new net.Socket({ fd, readable: false, writable: false });
  } catch {
    // `Server.listen` tells the error of the system.
    return { fd };
  }
  if (handle.localPort !== 0) return handle;
  handle.destroy();
  throw Object.assign(new Error("listen EDESTADDRREQ"), { code: "EDESTADDRREQ" });
}

/** Corrects the code for a folder that does not exist: libuv reports `EACCES` for it. */
function bindError(error: Error, address: ListenTarget): Error {
  if (!("path" in address) || codeOf(error) !== "EACCES") return error;
  let code: string | undefined = "ENOENT";
  try {
    accessSync(dirname(address.path), constants.W_OK | constants.X_OK);
  } catch (reason) {
    code = codeOf(reason);
  }
  if (code === "EACCES" || code === undefined) return error;
  return Object.assign(new Error(`listen ${code} ${address.path}`, { cause: error }), { code });
}

function boundAddress(server: net.Server, asked: ListenTarget): Address {
  if ("path" in asked) return { family: "unix", path: asked.path };
  // Neither Node nor Bun tells the path of an inherited Unix socket.
  const bound = server.address() as Partial<net.AddressInfo> | null;
  if (bound?.address !== undefined) return ipAddress(bound.address, bound.port ?? 0);
  if ("fd" in asked) return { family: "unix", path: formatAddress(asked) };
  throw new Error("The listener has no address");
}

const socketFiles: SocketFiles = {
  isInUse: (error) => codeOf(error) === "EADDRINUSE",
  isSocket: (path) => lstatSync(path).isSocket(),
  isRefused: (path) =>
    new Promise((resolve) => {
      const probe = net.connect(path);
      const answer = (refused: boolean) => {
        probe.destroy();
        resolve(refused);
      };
      probe.once("connect", () => answer(false));
      probe.once("error", (error) => answer(codeOf(error) === "ECONNREFUSED"));
    }),
  remove: unlinkSync,
};

class NodeListener implements Listener {
  readonly address: Address;
  readonly #server: net.Server;
  readonly #file: OwnSocketFile | undefined;
  readonly #stopAgain: (() => void) | undefined;

  constructor(
    server: net.Server,
    address: Address,
    file: OwnSocketFile | undefined,
    stopAgain: (() => void) | undefined,
  ) {
    this.#server = server;
    this.address = address;
    this.#file = file;
    this.#stopAgain = stopAgain;
  }

  close(): Promise<void> {
    // The callback of `Server.close` waits for every connection to end. The port is free one turn
    // later.
    this.#stopAgain?.();
    const putBack = this.#file?.setAside();
    this.#server.close();
    putBack?.();
    return new Promise((resolve) => setImmediate(resolve));
  }

  ref(): void {
    this.#server.ref();
  }

  unref(): void {
    this.#server.unref();
  }
}
