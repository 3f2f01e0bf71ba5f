/**
 * Listens with `Bun.listen`.
 *
 * `bun.ts` calls this, once for each address of a host name.
 *
 * @module
 */

import {
  type Address,
  type InheritedListener,
  ipAddress,
  type Listener,
  type ListenOptions,
  type ListenTarget,
  type OpenHandler,
} from "../../src/socket/mod.ts";
import { builtinModule } from "../shared/builtin_module.ts";
import { pathsAccepted } from "../shared/end_address.ts";
import { logError } from "../shared/error_log.ts";
import type { OwnFileSystem, OwnSocketFile } from "../shared/own_socket_file.ts";
import { bindOverStale, ownFileOf, type SocketFiles } from "../shared/stale_socket_file.ts";
import { codeOf } from "../shared/system_error.ts";
import { bun, type BunHandlers, type BunListener, type BunStream } from "./runtime.ts";
import { BunSocket } from "./socket.ts";

/** The functions of `node:fs` that are used. */
interface FileModule extends OwnFileSystem {
  lstatSync(path: string): { isSocket(): boolean; readonly dev: number; readonly ino: number };
  unlinkSync(path: string): void;
}

/**
 * Listens on a path or a numeric host.
 *
 * @param address The address.
 * @param options The options of the adapter's `listen`.
 * @param open The function that gives each connection its handler.
 * @returns The listener.
 * @throws The error of Bun.
 */
export async function listenOnOne(
  address: ListenTarget,
  options: ListenOptions,
  open: OpenHandler,
): Promise<Listener> {
  if ("fd" in address || options.tls !== undefined) {
    // `Bun.listen` takes no descriptors. `node:tls` costs as much, and can change its certificates.
    const { listenOnOne: listenByNode } = await import("../node/listen.ts");
    return await listenByNode(address, options, open);
  }
  const makeFile = await ownFileOf(address, files());
  const listener = await bindOverStale(address, () => bind(address, options, open), socketFiles);
  return new BunListenerHandle(listener, address, makeFile?.());
}

/** An address that `Bun.listen` takes. */
type BunAddress = Exclude<ListenTarget, InheritedListener>;

function bind(address: BunAddress, options: ListenOptions, open: OpenHandler): BunListener {
  const where = "path" in address
    ? { unix: address.path }
    : { hostname: address.host, port: address.port };
  // Bun 1.4 ignores `backlog` and always uses 512.
  const backlog = options.backlog === undefined ? {} : { backlog: options.backlog };
  const socket = handlers(address, options, open);
  return bun().listen({ ...where, ...backlog, allowHalfOpen: true, socket });
}

/** Makes the handlers of one listener. `stream.data` leads from a stream to its socket. */
function handlers(
  address: BunAddress,
  { log = logError }: ListenOptions,
  open: OpenHandler,
): BunHandlers {
  const paths = pathsAccepted(address);
  return {
    open: (stream) => new BunSocket(stream, paths, log).open(open),
    binaryType: "uint8array",
    data: (stream, bytes) => stream.data.received(bytes),
    end: (stream) => stream.data.ended(),
    drain: (stream) => stream.data.drained(),
    close: (stream, error) => stream.data.closed(error),
    error: (_, error) => log(`A socket failed: ${error.stack}`),
  };
}

function files(): FileModule {
  return builtinModule("node:fs");
}

const socketFiles: SocketFiles = {
  isInUse: (error) => codeOf(error) === "EADDRINUSE",
  isSocket: (path) => files().lstatSync(path).isSocket(),
  isRefused: async (path) => {
    try {
      // Without a `data` handler, Bun does not even connect.
      const socket = { open: (stream: BunStream) => stream.end(), data: () => {} };
      await bun().connect({ unix: path, socket });
      return false;
    } catch (error) {
      return codeOf(error) === "ECONNREFUSED";
    }
  },
  remove: (path) => files().unlinkSync(path),
};

class BunListenerHandle implements Listener {
  readonly address: Address;
  readonly #listener: BunListener;
  readonly #file: OwnSocketFile | undefined;

  constructor(listener: BunListener, asked: ListenTarget, file: OwnSocketFile | undefined) {
    this.#listener = listener;
    this.#file = file;
    this.address = "path" in asked ? { family: "unix", path: asked.path } : boundAddress(listener);
  }

  close(): Promise<void> {
    const putBack = this.#file?.setAside();
    this.#listener.stop();
    putBack?.();
    return Promise.resolve();
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }
}

/**
 * Reads the bound address. `hostname` repeats the option of `listen`; the address of the system is
 * always numeric.
 */
function boundAddress(listener: BunListener): Address {
  const bound: { address?: string } = {};
  listener.getsockname(bound);
  return ipAddress(bound.address ?? listener.hostname, listener.port);
}
