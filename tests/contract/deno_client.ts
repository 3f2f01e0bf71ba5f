/**
 * A TLS client with `Deno.connectTls`, because the client of Deno's `node:tls` reads on while it is
 * paused.
 *
 * @module
 */

import type { Address, SocketHandler } from "../../src/socket/mod.ts";
import type { OpenPeer, PeerSocket } from "../../src/testing/mod.ts";
import { CERT } from "../support/tls_fixtures.ts";

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

class PullSocket implements PeerSocket {
  readonly #conn: TlsConn;
  readonly #handler: SocketHandler;
  #isPaused = false;
  #isClosed = false;
  #wake: () => void = () => {};
  #sending: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(conn: TlsConn, open: OpenPeer) {
    this.#conn = conn;
    this.#handler = open(this);
    void this.#readAll();
  }
  write(bytes: Uint8Array): boolean {
    this.#waiting += bytes.length;
    this.#send(async () => {
      for (let at = 0; at < bytes.length;) {
        const count = await this.#conn.write(bytes.subarray(at, at + 65_536));
        this.#waiting -= count;
        at += count;
      }
      if (this.#waiting === 0) this.#handler.onDrain();
    });
    return false;
  }
  endWrite(): void {
    this.#send(() => this.#conn.closeWrite());
  }
  destroy(): void {
    this.#close();
  }
  /** Closes the connection, because Deno has no reset. */
  reset(): void {
    this.destroy();
  }
  pauseReading(): void {
    this.#isPaused = true;
  }
  resumeReading(): void {
    this.#isPaused = false;
    this.#wake();
  }
  #close(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
    this.#wake();
    this.#handler.onClose(error);
  }
  /** Sends, and ignores failures, because the reads report them, too. */
  #send(job: () => Promise<void>): void {
    this.#sending = this.#sending.then(job).catch(() => {});
  }
  async #readAll(): Promise<void> {
    try {
      while (!this.#isClosed) {
        if (this.#isPaused) await new Promise<void>((resolve) => this.#wake = resolve);
        const buffer = new Uint8Array(65_536);
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        this.#handler.onData(buffer.subarray(0, count));
      }
      this.#handler.onEnd();
    } catch (error) {
      this.#close(error as Error);
    }
  }
}

/** Connects with `Deno.connectTls`. */
export async function denoTlsConnect(address: Address, open: OpenPeer): Promise<void> {
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
  new PullSocket(conn, open);
}
