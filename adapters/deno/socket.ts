/**
 * One connection of Deno's, as the engine sees it. Deno pulls, so this runs the read loop: one read
 * is always outstanding, and the next is issued without waiting for what the handler wrote.
 *
 * @module
 */

import {
  type Address,
  BLOCK_SIZE,
  BlockPool,
  Inbound,
  type InboundHost,
  type OpenHandler,
  OutputQueue,
  PROBE_INTERVAL_MS,
  type Socket,
} from "../../src/socket/mod.ts";
import { startTimer } from "../shared/timer.ts";
import { type DenoConn, toAddress } from "./runtime.ts";
import type { UnixPaths } from "../shared/unix_paths.ts";

/** How much may wait before `write` says so, in bytes. */
const HIGH_WATER = 64 * 1024;

/**
 * An idle connection's read buffer, in bytes: enough for a browser's request. One that fills it gets a
 * large one for a while.
 */
const SMALL_READ = 2 * 1024;
const LARGE_READ = 64 * 1024;

/** How long a handshake may still take when there is nothing to say after it, in milliseconds. */
const HANDSHAKE_REST = 500;

const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();
const output = new BlockPool(BLOCK_SIZE, 512);
const largeReads = new BlockPool(LARGE_READ, 16);

function writeLatin1(text: string, target: Uint8Array, at: number): void {
  const { read, written } = encoder.encodeInto(text, at === 0 ? target : target.subarray(at));
  if (read === text.length && written === text.length) return;
  // Not ASCII, so what was encoded is not latin-1. Deno's Buffer would be slower than this loop.
  for (let index = 0; index < text.length; index++) {
    target[at + index] = text.charCodeAt(index);
  }
}

/** One `Deno.Conn`, accepted or dialled. It has no `reset`: Deno knows of none. */
export class DenoSocket implements Socket, InboundHost {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted: boolean;
  /** Where a handler's error goes. */
  readonly log: (line: string) => void;
  readonly #conn: DenoConn;
  readonly #inbound: Inbound;
  readonly #output = new OutputQueue(output, writeLatin1);
  readonly #small: Uint8Array = new Uint8Array(SMALL_READ);
  #probe: ReturnType<typeof setInterval> | undefined;
  #cancelHandshakeTimer: (() => void) | undefined;
  /** Whether nothing can be said to the peer yet, and nothing has been. */
  #speechless = false;
  #writable = true;
  #writing = false;
  #wantsDrain = false;
  #finished = false;
  #closed = false;

  /**
   * @param conn What Deno gave.
   * @param unix What its ends are called, if it is a Unix connection.
   * @param log Where a handler's error goes.
   */
  constructor(conn: DenoConn, unix: UnixPaths | undefined, log: (line: string) => void) {
    this.#conn = conn;
    this.encrypted = conn.handshake !== undefined;
    this.remote = toAddress(conn.remoteAddr, unix?.remote ?? "");
    this.local = toAddress(conn.localAddr, unix?.local ?? "");
    this.log = log;
    this.#inbound = new Inbound(this);
  }

  /** As of {@linkcode InboundHost}. */
  resumeSource(): void {
    clearInterval(this.#probe);
    this.#readAll();
  }

  /**
   * Calls `accept`, then begins to read.
   *
   * @param accept Gives the handler.
   * @param handshakeTimeout How long a TLS handshake may take, in milliseconds; none without TLS.
   */
  open(accept: OpenHandler, handshakeTimeout: number | undefined): void {
    try {
      this.#conn.setNoDelay?.(true);
    } catch {
      // The peer has gone already; the first read tells.
    }
    this.#inbound.accept(accept, this);
    if (handshakeTimeout !== undefined) this.#limitHandshake(handshakeTimeout);
    this.#readAll();
  }

  /** Reading makes the handshake, and tells when it fails. */
  #limitHandshake(milliseconds: number): void {
    if (this.#closed) return;
    this.#speechless = this.#output.size === 0 && !this.#writing;
    this.#startTimer(milliseconds);
    const done = () => {
      this.#speechless = false;
      this.#cancelHandshakeTimer?.();
    };
    this.#conn.handshake?.().then(done, done);
  }

  #startTimer(milliseconds: number): void {
    this.#cancelHandshakeTimer?.();
    this.#cancelHandshakeTimer = startTimer(milliseconds, () => {
      this.#close(new Error(`TLS handshake: not done in ${milliseconds} ms`));
    });
  }

  write(bytes: Uint8Array | string): boolean {
    if (!this.#writable) return true;
    this.#speechless = false;
    this.#output.push(bytes);
    if (!this.#writing && this.#output.size > 0) this.#send();
    if (this.#output.size < HIGH_WATER) return true;
    this.#wantsDrain = true;
    return false;
  }

  /** For ever after a close in the middle of a write, which may still be read. */
  get holdsBytes(): boolean {
    return this.#writing || this.#output.size > 0;
  }

  endWrite(): void {
    if (!this.#writable) return;
    this.#writable = false;
    if (!this.#writing) this.#finish();
  }

  destroy(): void {
    if (this.#inbound.beginClosing()) this.#close();
  }

  pauseReading(): void {
    this.#inbound.pause();
  }

  resumeReading(): void {
    this.#inbound.resume();
  }

  async #readAll(): Promise<void> {
    let buffer: Uint8Array = this.#small;
    try {
      while (!this.#closed) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        if (count > 0 && !this.#inbound.data(buffer.subarray(0, count), false)) {
          return this.#stopReading();
        }
        buffer = this.#nextBuffer(buffer, count);
      }
      this.#inbound.end();
      this.#closeIfDone();
    } catch (error) {
      this.#close(error as Error);
    } finally {
      if (buffer !== this.#small) largeReads.give(buffer);
    }
  }

  /** Without a read outstanding, only a write tells of a reset. */
  #stopReading(): void {
    this.#probe = setInterval(() => {
      if (this.#writable && !this.#writing) this.#conn.write(NOTHING).catch(this.#broken);
    }, PROBE_INTERVAL_MS);
  }

  /** A busy reader gets a large buffer; one that has calmed down gives it back. */
  #nextBuffer(buffer: Uint8Array, count: number): Uint8Array {
    if (buffer === this.#small) return count === SMALL_READ ? largeReads.take() : buffer;
    if (count >= SMALL_READ) return buffer;
    largeReads.give(buffer);
    return this.#small;
  }

  #send(): void {
    this.#writing = true;
    // Deno polls a write at once: with room in the kernel the bytes are out when this returns.
    this.#conn.write(this.#output.head()).then(this.#sent, this.#broken);
  }

  readonly #sent = (count: number): void => {
    if (this.#closed) return;
    this.#output.advance(count);
    if (this.#output.size > 0) return this.#send();
    this.#writing = false;
    if (this.#wantsDrain) {
      this.#wantsDrain = false;
      this.#inbound.drain();
    }
    if (!this.#writable && !this.#writing) this.#finish();
  };

  readonly #broken = (error: unknown): void => this.#close(error as Error);

  /** Sends our FIN: everything written has gone. */
  #finish(): void {
    if (this.#closed || this.#finished) return;
    this.#finished = true;
    // Deno ends after the handshake, which by now is worth no long wait.
    if (this.#speechless) this.#startTimer(HANDSHAKE_REST);
    // It fails if the peer is gone, and then the read tells.
    this.#conn.closeWrite().then(this.#closeIfDone, this.#closeIfDone);
  }

  readonly #closeIfDone = (): void => {
    if (this.#finished && this.#inbound.ended) this.#close();
  };

  #close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#writable = false;
    clearInterval(this.#probe);
    this.#cancelHandshakeTimer?.();
    this.#output.clear();
    // Cancels the outstanding read and write, too.
    this.#conn.close();
    this.#inbound.close(error);
  }
}
