/**
 * A TLS client with `Deno.connectTls`, because the client of Deno's `node:tls` reads on while it is
 * paused.
 *
 * @module
 */

import type { Address } from "../../src/socket/socket.ts";
import { CERT } from "../support/tls_fixtures.ts";
import { type Client, Received } from "./client.ts";

interface TlsConn {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  handshake(): Promise<unknown>;
}

interface Runtime {
  connectTls(options: Record<string, unknown>): Promise<TlsConn>;
}

class PullClient extends Received implements Client {
  waiting = 0;
  readonly #conn: TlsConn;
  #paused = false;
  #wake: () => void = () => {};
  #sending: Promise<void> = Promise.resolve();

  constructor(conn: TlsConn) {
    super();
    this.#conn = conn;
    void this.#readAll();
  }
  write(bytes: Uint8Array): void {
    this.waiting += bytes.length;
    this.#send(async () => {
      for (let at = 0; at < bytes.length;) {
        const count = await this.#conn.write(bytes.subarray(at, at + 65_536));
        this.waiting -= count;
        at += count;
      }
    });
  }
  end(): void {
    this.#send(() => this.#conn.closeWrite());
  }
  destroy(): void {
    if (!this.closed) this.#conn.close();
    this.ended = this.closed = true;
    this.#wake();
  }
  /** Closes the connection, because Deno has no reset. */
  reset(): void {
    this.destroy();
  }
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    this.#paused = false;
    this.#wake();
  }
  /** Sends, and ignores failures, because the reads report them, too. */
  #send(job: () => Promise<void>): void {
    this.#sending = this.#sending.then(job).catch(() => {});
  }
  async #readAll(): Promise<void> {
    try {
      while (!this.closed) {
        if (this.#paused) await new Promise<void>((resolve) => this.#wake = resolve);
        const buffer = new Uint8Array(65_536);
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        this.take(buffer.subarray(0, count));
      }
      this.ended = true;
    } catch {
      this.failed = !this.closed;
      this.destroy();
    }
  }
}

/** Connects with `Deno.connectTls`. */
export async function denoTlsClient(address: Address): Promise<Client> {
  if (address.family === "unix") throw new TypeError("The clients have no TLS on Unix sockets");
  const { connectTls } = (globalThis as unknown as { Deno: Runtime }).Deno;
  const { host: hostname, port } = address;
  const conn = await connectTls({ hostname, port, caCerts: [CERT] });
  try {
    await conn.handshake();
  } catch (error) {
    conn.close();
    throw error;
  }
  return new PullClient(conn);
}
