/**
 * Listens with `net.Server`.
 *
 * `node.ts` and `node/accepted.ts` call this, once for each address of a host name. The adapters for Deno and
 * Bun call this for TLS.
 *
 * @module
 */

import * as net from "node:net";
import {
  type Address,
  formatAddress,
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
import { openStream } from "./open_stream.ts";
import { STREAM_OPTIONS } from "./socket.ts";

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
  const again = "Deno" in globalThis ? await import("./accept_again.ts") : undefined;
  const file = await bindTo(server, address, options);
  const bound = boundAddress(server, address);
  // Such an error is, for example, too many open files. Without this handler, it would end the
  // process.
  server.on("error", (error) => {
    log(`Cannot accept on ${formatAddress(bound)}: ${error.message}`);
  });
  server.on("connection", taking(bound));
  return new NodeListener(server, bound, file, again?.acceptAgain(server, options.backlog));
}

/** Binds a server, and gives the file of its path, if it has one. */
async function bindTo(
  server: net.Server,
  address: ListenTarget,
  { backlog }: ListenOptions,
): Promise<OwnSocketFile | undefined> {
  if ("fd" in address) {
    const { inheritedHandle } = await import("./inherited_socket.ts");
    await bind(server, (done) => server.listen(inheritedHandle(address), backlog, done));
    return undefined;
  }
  const target = { ...address, ...(backlog === undefined ? {} : { backlog }) };
  const bindOnce = () => bind(server, (done) => server.listen(target, done));
  if ("path" in address) return (await import("./unix_socket.ts")).bindPath(address, bindOnce);
  await bindOnce();
  return undefined;
}

/** Waits until a server is bound. */
function bind(server: net.Server, listen: (done: () => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    listen(() => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

function boundAddress(server: net.Server, asked: ListenTarget): Address {
  if ("path" in asked) return { family: "unix", path: asked.path };
  // Neither Node nor Bun tells the path of an inherited Unix socket.
  const bound = server.address() as Partial<net.AddressInfo> | null;
  if (bound?.address !== undefined) return ipAddress(bound.address, bound.port ?? 0);
  if ("fd" in asked) return { family: "unix", path: formatAddress(asked) };
  throw new Error("The listener has no address");
}

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
