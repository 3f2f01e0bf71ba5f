/**
 * Sockets of Node: `net.Server` and `net.connect` behind the seam. It keeps its promises under Bun,
 * too; Deno's `node:net` drops what a half-closed socket has still to write.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as net from "node:net";
import { hostname } from "node:os";
import { lstatSync, unlinkSync } from "node:fs";
import * as dns from "node:dns";
import * as files from "node:fs/promises";
import {
  type Address,
  type DiallingAdapter,
  formatAddress,
  ipAddress,
  type ListenAddress,
  type Listener,
  type ListenOptions,
  type OpenHandler,
} from "../src/socket/mod.ts";
import { dialler } from "./shared/dialling.ts";
import { listenOnEvery } from "./shared/every_address.ts";
import { netDial, STREAM } from "./node/dial.ts";
import { NodeSocket } from "./node/socket.ts";
import { encryption } from "./node/tls.ts";
import { bindOverStale, type SocketFiles } from "./shared/stale_socket_file.ts";
import { systemFiles } from "./shared/system_files.ts";
import { type BufferCompare, bufferEquals } from "./shared/buffer_compare.ts";
import { hostClock } from "./shared/host_clock.ts";
import { pathsAccepted } from "./shared/unix_paths.ts";

export type { DiallingAdapter };

// Ten times as fast as a loop from 100 bytes on, and unlike TextDecoder("latin1") it is latin-1.
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};
const compare = Buffer.prototype.compare as BufferCompare;

function log(line: string): void {
  console.error(line);
}

function serverAddress(server: net.Server, asked: ListenAddress): Address {
  if ("path" in asked) return { family: "unix", path: asked.path };
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no address");
  return ipAddress(bound.address, bound.port);
}

/** Starts `server`; rejects with what the system said. */
function bind(server: net.Server, address: ListenAddress, options: ListenOptions): Promise<void> {
  const backlog = options.backlog === undefined ? {} : { backlog: options.backlog };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...address, ...backlog }, () => {
      server.off("error", reject);
      resolve();
    });
  });
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

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

function listen(
  address: ListenAddress,
  options: ListenOptions,
  accept: OpenHandler,
): Promise<Listener> {
  return listenOnEvery(address, (one) => listenOnOne(one, options, accept), () => dns);
}

async function listenOnOne(
  address: ListenAddress,
  options: ListenOptions,
  accept: OpenHandler,
): Promise<Listener> {
  const encrypt = options.tls && encryption(options.tls);
  const server = net.createServer(STREAM);
  await bindOverStale(address, () => bind(server, address, options), socketFiles);
  const bound = serverAddress(server, address);
  // Running out of descriptors is reported here; it must not end the process.
  server.on("error", (error) => log(`Cannot accept on ${formatAddress(bound)}: ${error.message}`));
  const paths = pathsAccepted(bound);
  server.on("connection", (stream: net.Socket) => {
    new NodeSocket(stream, encrypt?.(stream), paths, log).open(accept);
  });
  return new NodeListener(server, bound);
}

class NodeListener implements Listener {
  readonly address: Address;
  readonly #server: net.Server;

  constructor(server: net.Server, address: Address) {
    this.#server = server;
    this.address = address;
  }

  close(): Promise<void> {
    // Its callback waits for every connection to end; the port is free a turn from now.
    this.#server.close();
    return new Promise((resolve) => setImmediate(resolve));
  }

  ref(): void {
    this.#server.ref();
  }

  unref(): void {
    this.#server.unref();
  }
}

const adapter: DiallingAdapter = {
  name: "node",
  clock: hostClock((turn) => void setImmediate(turn)),
  latin1: (bytes, start, end) => latin1Slice.call(bytes, start, end),
  equals: bufferEquals(() => compare),
  hostName: hostname,
  log,
  files: systemFiles(() => files),
  listen,
  dial: dialler(netDial(() => net, log), () => dns),
};

/**
 * Gives the adapter for Node.
 *
 * A Unix socket file that a crashed process left behind is replaced; one in use rejects.
 *
 * @returns The adapter; always the same.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nodeAdapter } from "@x/cogen-wsgi/adapters/node";
 *
 * const adapter = nodeAdapter();
 * assertEquals(adapter.name, "node");
 * assertEquals(adapter.latin1(new Uint8Array([0x48, 0x69, 0x80]), 0, 3), "Hi\x80");
 * ```
 */
export function nodeAdapter(): DiallingAdapter {
  return adapter;
}
