/**
 * The other end of a connection under test. It keeps the bytes that it receives, and acts only when a check
 * tells it to.
 *
 * @module
 */

import type { Address, ByteSocket, SocketHandler } from "../../socket/mod.ts";
import { NotApplicable } from "./expectations.ts";

/** The socket of a peer: that of any adapter, or a byte stream that can be reset. */
export interface PeerSocket extends ByteSocket {
  /** Resets the connection. Checks that need it are left out for a peer without this method. */
  reset?(): void;
}

/** The bytes of one write. */
const PIECE_BYTES = 65_536;

/** A peer: the handler and the calls of its socket. */
export class Peer implements SocketHandler {
  readonly received: Uint8Array[] = [];
  /** The number of bytes received. */
  count = 0;
  /** Whether the other side has ended, or the connection is closed. */
  ended = false;
  closed = false;
  /** Whether the connection broke. It has not if it ended after a FIN. */
  failed = false;
  /** Called for each piece received. */
  onBytes: (bytes: Uint8Array) => void = () => {};
  readonly #socket: PeerSocket;
  #unsent: Uint8Array[] = [];
  #isFull = false;
  #isEnding = false;

  /**
   * Makes a peer.
   *
   * @param socket Its socket.
   */
  constructor(socket: PeerSocket) {
    this.#socket = socket;
  }

  /** The address of this end; `undefined` if its socket does not tell it. */
  get local(): Address | undefined {
    return this.#socket.local;
  }

  /** The address of the adapter's end; `undefined` if its socket does not tell it. */
  get remote(): Address | undefined {
    return this.#socket.remote;
  }

  /** The number of bytes that its socket has not taken yet. */
  get waiting(): number {
    return this.#unsent.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      this.#unsent.push(bytes.subarray(at, at + PIECE_BYTES));
    }
    this.#flush();
  }

  end(): void {
    this.#isEnding = true;
    this.#flush();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Resets the connection. */
  reset(): void {
    if (this.#socket.reset === undefined) throw new NotApplicable("the peer cannot reset");
    this.#socket.reset();
  }

  pause(): void {
    this.#socket.pauseReading();
  }

  resume(): void {
    this.#socket.resumeReading();
  }

  onData(bytes: Uint8Array): void {
    this.received.push(new Uint8Array(bytes));
    this.count += bytes.length;
    this.onBytes(bytes);
  }

  onEnd(): void {
    this.ended = true;
  }

  onDrain(): void {
    this.#isFull = false;
    this.#flush();
  }

  onClose(error?: Error): void {
    this.ended = this.closed = true;
    this.failed = error !== undefined;
  }

  #flush(): void {
    while (!this.#isFull) {
      const bytes = this.#unsent.shift();
      if (bytes === undefined) break;
      this.#isFull = !this.#socket.write(bytes);
    }
    if (this.#isEnding && this.#unsent.length === 0) this.#socket.endWrite();
  }
}
