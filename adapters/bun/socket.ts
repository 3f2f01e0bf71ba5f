/**
 * One connection of Bun's, as the engine sees it. Bun buffers nothing, so this keeps what the
 * kernel did not take, and sends it when Bun says `drain`.
 *
 * @module
 */

import {
  type Address,
  BLOCK_SIZE,
  BlockPool,
  Inbound,
  type InboundHost,
  ipAddress,
  type OpenHandler,
  OutputQueue,
  type Socket,
} from "../../src/socket/mod.ts";
import { startTimer } from "../shared/timer.ts";
import { type BunStream, nodeBuffer } from "./runtime.ts";
import type { UnixPaths } from "../shared/unix_paths.ts";

const pool = new BlockPool(BLOCK_SIZE, 512);

function writeLatin1(text: string, target: Uint8Array, at: number): void {
  nodeBuffer().latin1Write.call(target, text, at, text.length);
}

/** One accepted `Bun.Socket`. */
export class BunSocket implements Socket, InboundHost {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted: boolean;
  /** Where a handler's error goes. */
  readonly log: (line: string) => void;
  readonly #inbound: Inbound;
  readonly #stream: BunStream;
  readonly #output = new OutputQueue(pool, writeLatin1);
  readonly #handshakeTimeout: number | undefined;
  #cancelHandshakeTimer: (() => void) | undefined;
  /** What broke the connection, where Bun does not say it itself. */
  #error: Error | undefined;
  #writable = true;
  #wantsDrain = false;
  #finished = false;

  /**
   * @param stream What the listener gave.
   * @param unix What its ends are called, if it is a Unix connection.
   * @param log Where a handler's error goes.
   * @param handshakeTimeout How long a TLS handshake may take, in milliseconds; none without TLS.
   */
  constructor(
    stream: BunStream,
    unix: UnixPaths | undefined,
    log: (line: string) => void,
    handshakeTimeout: number | undefined,
  ) {
    this.#stream = stream;
    this.#handshakeTimeout = handshakeTimeout;
    this.encrypted = handshakeTimeout !== undefined;
    this.remote = endAddress(unix?.remote, stream.remoteAddress, stream.remotePort);
    this.local = endAddress(unix?.local, stream.localAddress, stream.localPort);
    this.log = log;
    this.#inbound = new Inbound(this);
  }

  /** As of {@linkcode InboundHost}. */
  resumeSource(): void {
    this.#stream.resume();
  }

  /** @param accept Gives the handler; Bun tells of nothing before this returns. */
  open(accept: OpenHandler): void {
    this.#stream.data = this;
    this.#stream.setNoDelay(true);
    this.#inbound.accept(accept, this);
    this.#limitHandshake();
  }

  #limitHandshake(): void {
    const limit = this.#handshakeTimeout;
    if (limit === undefined || this.#inbound.ended) return;
    this.#cancelHandshakeTimer = startTimer(limit, () => {
      this.#error = new Error(`TLS handshake: not done in ${limit} ms`);
      this.#stream.terminate();
    });
  }

  /** @param failure Why the TLS handshake failed; Bun closes then. */
  secured(failure: Error | null | undefined): void {
    this.#cancelHandshakeTimer?.();
    if (failure === undefined) return;
    this.#error ??= new Error(`TLS handshake: ${failure?.message ?? "failed"}`);
  }

  write(bytes: Uint8Array | string): boolean {
    if (!this.#writable || bytes.length === 0) return true;
    const taken = this.#output.size > 0 ? 0 : this.#offer(bytes);
    if (taken >= bytes.length) return true;
    this.#output.push(typeof bytes === "string" ? bytes.slice(taken) : bytes.subarray(taken));
    this.#wantsDrain = true;
    return false;
  }

  get holdsBytes(): boolean {
    return this.#output.size > 0;
  }

  endWrite(): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#finishIfSent();
  }

  destroy(): void {
    this.#writable = false;
    // Not `terminate`: that resets, and the peer loses even what it was sent long ago.
    if (!this.#inbound.beginClosing()) return;
    // Under TLS, `end` alone waits for the peer's `close_notify`, for ever, and after `shutdown` it
    // still waits for a peer that does not read.
    if (this.encrypted) this.#stream.shutdown();
    if (this.encrypted && this.#output.size > 0) this.#stream.terminate();
    else this.#stream.end();
  }

  reset(): void {
    if (this.#finished) return this.destroy();
    this.#writable = false;
    if (this.#inbound.beginClosing()) this.#stream.terminate();
  }

  pauseReading(): void {
    this.#inbound.pause();
  }

  resumeReading(): void {
    this.#inbound.resume();
  }

  /** @param bytes What has come. */
  received(bytes: Uint8Array): void {
    if (!this.#inbound.data(bytes, true)) this.#stream.pause();
  }

  /** Bun has room again, or says so. */
  flush(): void {
    while (this.#output.size > 0) {
      const head = this.#output.head();
      const taken = this.#offer(head);
      this.#output.advance(taken);
      if (taken < head.length) return;
    }
    if (this.#wantsDrain) {
      this.#wantsDrain = false;
      this.#inbound.drain();
    }
    this.#finishIfSent();
  }

  /** The peer has ended. */
  ended(): void {
    this.#inbound.end();
    this.#closeIfDone();
  }

  /** @param error What broke the connection, if anything did. */
  closed(error: Error | undefined): void {
    this.#cancelHandshakeTimer?.();
    this.#writable = false;
    this.#output.clear();
    // Of a record that cannot be decrypted, Bun says nothing.
    const broken = this.encrypted && !this.#finished && !this.#inbound.ended;
    const unsaid = broken ? new Error("The TLS connection broke") : undefined;
    const cause = error ?? this.#error ?? unsaid;
    // After our own FIN, Bun tells of the peer's by closing at once.
    if (this.#finished && cause === undefined) this.#inbound.end();
    this.#finished = true;
    this.#inbound.close(cause);
  }

  /** How many bytes the kernel took. Without the encoding Bun would send a string as UTF-8. */
  #offer(bytes: Uint8Array | string): number {
    const taken = typeof bytes === "string"
      ? this.#stream.write(bytes, "latin1")
      : this.#stream.write(bytes);
    return Math.max(taken, 0);
  }

  /** Half-closes once everything is out: Bun's `end` would close, and drop what it had accepted. */
  #finishIfSent(): void {
    if (this.#writable || this.#finished || this.#output.size > 0) return;
    this.#finished = true;
    this.#stream.shutdown();
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#finished && this.#inbound.ended) this.#stream.end();
  }
}

function endAddress(
  path: string | undefined,
  host: string | undefined,
  port: number | undefined,
): Address {
  if (path !== undefined) return { family: "unix", path };
  return ipAddress(host ?? "", port ?? 0);
}
