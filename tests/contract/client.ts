/**
 * Peers over the runtime's `node:net` and `node:tls`: the other ends of the connections under test.
 *
 * @module
 */

import { connect, createServer, type Socket as NodeStream } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Address, ByteSocket, ListenAddress, SocketHandler } from "../../src/socket/mod.ts";
import { ipAddress } from "../../src/socket/mod.ts";
import { Peer } from "../../src/testing/contract/peer.ts";
import type { OpenPeer, PeerListener, PeerSocket } from "../../src/testing/mod.ts";

/** A byte stream over a stream of `node:net`, or of `node:tls` over such a stream. */
export class NetSocket implements PeerSocket {
  readonly #stream: NodeStream;
  readonly #raw: NodeStream;
  readonly #isUnix: boolean;

  constructor(stream: NodeStream, open: OpenPeer, isUnix: boolean, raw: NodeStream = stream) {
    this.#stream = stream;
    this.#raw = raw;
    this.#isUnix = isUnix;
    raw.setNoDelay(true);
    const handler = open(this);
    let failure: Error | undefined;
    const fail = (error: Error) => void (failure ??= error);
    stream.on("error", fail);
    raw.on("error", fail);
    stream.on("data", (bytes: Uint8Array) => handler.onData(bytes));
    stream.on("end", () => handler.onEnd());
    stream.on("drain", () => handler.onDrain());
    stream.on("close", () => handler.onClose(failure));
  }

  get local(): Address {
    if (this.#isUnix) return { family: "unix", path: "" };
    return ipAddress(this.#raw.localAddress ?? "", this.#raw.localPort ?? 0);
  }
  get remote(): Address {
    if (this.#isUnix) return { family: "unix", path: "" };
    return ipAddress(this.#raw.remoteAddress ?? "", this.#raw.remotePort ?? 0);
  }
  write(bytes: Uint8Array | string): boolean {
    return this.#stream.write(bytes);
  }
  /** Sends bytes outside of TLS. */
  writeRaw(bytes: Uint8Array): void {
    this.#raw.write(bytes);
  }
  endWrite(): void {
    this.#stream.end();
  }
  /** Closes the connection as the kernel does for a process that dies. */
  destroy(): void {
    this.#stream.destroy();
  }
  reset(): void {
    // `resetAndDestroy` alone waits until all bytes are written, and then sends a FIN first.
    this.#raw.resetAndDestroy();
    this.#raw.destroy();
  }
  pauseReading(): void {
    this.#stream.pause();
  }
  resumeReading(): void {
    this.#stream.resume();
  }
}

/** Connects with the runtime's `node:net`. */
export function netConnect(address: Address, open: OpenPeer): Promise<void> {
  const isUnix = address.family === "unix";
  const where = isUnix ? { path: address.path } : { host: address.host, port: address.port };
  return new Promise((resolve, reject) => {
    const stream = connect({ ...where, allowHalfOpen: true }, () => {
      stream.off("error", reject);
      new NetSocket(stream, open, isUnix);
      resolve();
    });
    stream.once("error", reject);
  });
}

/** Connects with the runtime's `node:tls`. */
export function tlsConnect(
  address: Address,
  open: (socket: NetSocket) => SocketHandler,
): Promise<void> {
  if (address.family === "unix") throw new TypeError("The clients have no TLS on Unix sockets");
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const raw = connect({ host, port, allowHalfOpen: true });
    raw.on("error", reject);
    raw.once("connect", () => {
      const options = { socket: raw, rejectUnauthorized: false, allowHalfOpen: true };
      const stream = connectTls(options, () => {
        stream.off("error", reject);
        new NetSocket(stream, (socket) => open(socket as NetSocket), false, raw);
        resolve();
      });
      stream.once("error", reject);
    });
  });
}

/** Connects a peer with the runtime's `node:net`. */
export function netClient(address: Address): Promise<Peer> {
  return peerOf((open) => netConnect(address, open));
}

/** Connects a peer in any way. */
export async function peerOf(connect: (open: OpenPeer) => Promise<void>): Promise<Peer> {
  let peer: Peer | undefined;
  await connect((socket: ByteSocket) => peer = new Peer(socket));
  return peer as unknown as Peer;
}

/** Listens by the runtime's `node:net`. */
export async function netListen(asked: ListenAddress, open: OpenPeer): Promise<PeerListener> {
  const isUnix = "path" in asked;
  const server = createServer({ allowHalfOpen: true }, (stream) => {
    new NetSocket(stream, open, isUnix);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(asked, resolve);
  });
  const bound = server.address();
  const address: Address = bound === null || typeof bound === "string"
    ? { family: "unix", path: (asked as { path: string }).path }
    : ipAddress(bound.address, bound.port);
  const close = () => {
    server.close();
    return Promise.resolve();
  };
  return { address, close };
}
