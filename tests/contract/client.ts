/**
 * The other end of the connections under test: a client over TCP, a Unix socket or memory.
 *
 * @module
 */

import { connect, type Socket as NodeStream } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Address, Socket } from "../../src/socket/socket.ts";
import type { MemoryNetwork, OpenHandler } from "../../adapters/memory.ts";

/** A client that keeps the bytes it receives, and acts only when a test tells it to. */
export interface Client {
  readonly received: Uint8Array[];
  /** The number of bytes received. */
  readonly count: number;
  /** Whether the server has sent its FIN, or the connection is closed. */
  readonly ended: boolean;
  readonly closed: boolean;
  /** Whether the connection broke. It has not if it ended after a FIN. */
  readonly failed: boolean;
  /** The number of written bytes that the client has not sent yet. */
  readonly waiting: number;
  /** Called for each piece received. */
  onData: (bytes: Uint8Array) => void;
  write(bytes: Uint8Array): void;
  end(): void;
  /** Closes the connection as the kernel does for a process that dies. */
  destroy(): void;
  /** Resets the connection. */
  reset(): void;
  pause(): void;
  resume(): void;
}

/** The record of received bytes, which every client has. */
export class Received {
  readonly received: Uint8Array[] = [];
  count = 0;
  ended = false;
  closed = false;
  failed = false;
  onData: (bytes: Uint8Array) => void = () => {};

  take(bytes: Uint8Array): void {
    this.received.push(bytes);
    this.count += bytes.length;
    this.onData(bytes);
  }
}

/** A client over the runtime's `node:net`. */
export class NetClient extends Received implements Client {
  readonly #stream: NodeStream;
  readonly #raw: NodeStream;

  constructor(stream: NodeStream, raw: NodeStream = stream) {
    super();
    this.#stream = stream;
    this.#raw = raw;
    raw.setNoDelay(true);
    stream.on("data", (bytes: Uint8Array) => this.take(bytes));
    stream.on("end", () => this.ended = true);
    const fail = () => this.ended = this.failed = true;
    stream.on("error", fail);
    raw.on("error", fail);
    stream.on("close", () => this.ended = this.closed = true);
  }

  get waiting(): number {
    return this.#stream.writableLength;
  }
  writeRaw(bytes: Uint8Array): void {
    this.#raw.write(bytes);
  }
  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }
  end(): void {
    this.#stream.end();
  }
  destroy(): void {
    this.#stream.destroy();
  }
  reset(): void {
    this.#raw.resetAndDestroy();
  }
  pause(): void {
    this.#stream.pause();
  }
  resume(): void {
    this.#stream.resume();
  }
}

/** Connects with the runtime's `node:net`. */
export function netClient(address: Address): Promise<Client> {
  const where = address.family === "unix"
    ? { path: address.path }
    : { host: address.host, port: address.port };
  return new Promise((resolve, reject) => {
    const stream = connect({ ...where, allowHalfOpen: true }, () => {
      stream.off("error", reject);
      resolve(new NetClient(stream));
    });
    stream.once("error", reject);
  });
}

/** A TLS client that can also send bytes outside of TLS. */
export interface TlsClient extends Client {
  /** Sends bytes without encryption. */
  writeRaw(bytes: Uint8Array): void;
}

/** Connects with the runtime's `node:tls`. */
export function tlsClient(address: Address): Promise<TlsClient> {
  if (address.family === "unix") throw new TypeError("The clients have no TLS on Unix sockets");
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const raw = connect({ host, port, allowHalfOpen: true });
    raw.on("error", reject);
    raw.once("connect", () => {
      const options = { socket: raw, rejectUnauthorized: false, allowHalfOpen: true };
      const stream = connectTls(options, () => {
        stream.off("error", reject);
        resolve(new NetClient(stream, raw));
      });
      stream.once("error", reject);
    });
  });
}

class MemoryClient extends Received implements Client {
  #socket: Socket | undefined;
  #unsent: Uint8Array[] = [];
  #blocked = false;
  #ending = false;

  open(socket: Socket): void {
    this.#socket = socket;
  }
  get waiting(): number {
    return this.#unsent.reduce((sum, bytes) => sum + bytes.length, 0);
  }
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 16384) {
      this.#unsent.push(bytes.subarray(at, at + 16384));
    }
    this.flush();
  }
  flush(): void {
    while (!this.#blocked) {
      const bytes = this.#unsent.shift();
      if (bytes === undefined) break;
      this.#blocked = !this.#socket?.write(bytes);
    }
    if (this.#ending && this.#unsent.length === 0) this.#socket?.endWrite();
  }
  drained(): void {
    this.#blocked = false;
    this.flush();
  }
  end(): void {
    this.#ending = true;
    this.flush();
  }
  destroy(): void {
    this.#socket?.destroy();
  }
  reset(): void {
    this.#socket?.destroy();
  }
  pause(): void {
    this.#socket?.pauseReading();
  }
  resume(): void {
    this.#socket?.resumeReading();
  }
}

/** Connects through a network in memory. */
export function memoryClient(network: MemoryNetwork, address: Address): Promise<Client> {
  return new Promise((resolve) => void network.connect(address, memoryEnd(resolve)));
}

/** Makes a client of one end of a connection in memory. */
export function memoryEnd(found: (client: Client) => void): OpenHandler {
  return (socket) => {
    const client = new MemoryClient();
    client.open(socket);
    found(client);
    return {
      onData: (bytes) => client.take(bytes.slice()),
      onEnd: () => client.ended = true,
      onDrain: () => client.drained(),
      onClose: (error) => {
        client.ended = client.closed = true;
        client.failed = error !== undefined;
      },
    };
  };
}
