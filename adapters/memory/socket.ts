/**
 * One end of a connection in memory, and all that a socket has to do: push what comes to its
 * handler through an `Inbound` (which keeps the promises about order, pauses and closing), say
 * `false` from `write` when the other side is slow, and `onDrain` when it no longer is.
 *
 * No data moves except in a turn of the clock, so whoever owns the clock decides when.
 *
 * @module
 */

import {
  type Adapter,
  type Address,
  Inbound,
  type OpenHandler,
  type Socket,
} from "../../src/socket/mod.ts";

/** What the sockets of one network share. */
export interface MemorySettings {
  /** What moves the bytes. */
  readonly clock: Adapter["clock"];
  /** How many undelivered bytes make `write` return `false`. */
  readonly window: number;
  /** Where the error log goes. */
  readonly log: (line: string) => void;
  /** What apps may read. */
  readonly files: Adapter["files"];
}

/** One direction of a connection: bytes on their way to one end. */
class Pipe {
  readonly chunks: Uint8Array[] = [];
  size = 0;
  /** The FIN follows the last chunk. */
  ended = false;
  moving = false;
  wantsDrain = false;
}

/** One end of a connection in memory. */
export class MemorySocket implements Socket {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted = false;
  readonly #settings: MemorySettings;
  readonly #inbound: Inbound;
  readonly #incoming = new Pipe();
  /** The other end: `join` sets it before anybody has this one. */
  #peer!: MemorySocket;
  #reading = true;
  #writable = true;
  #finSent = false;

  /**
   * @param settings What both ends share.
   * @param local This end's address.
   * @param remote The other end's.
   */
  constructor(settings: MemorySettings, local: Address, remote: Address) {
    this.#settings = settings;
    this.local = local;
    this.remote = remote;
    this.#inbound = new Inbound({
      resumeSource: () => {
        this.#reading = true;
        this.#move();
      },
      destroy: () => this.destroy(),
      soon: (job) => settings.clock.defer(job),
      log: settings.log,
    });
  }

  /**
   * Joins two ends; in a later turn each gets its handler, and only then its first bytes.
   *
   * @param a One end.
   * @param acceptA Gives its handler.
   * @param b The other end.
   * @param acceptB Gives that one's handler.
   */
  static join(a: MemorySocket, acceptA: OpenHandler, b: MemorySocket, acceptB: OpenHandler): void {
    a.#peer = b;
    b.#peer = a;
    a.#settings.clock.defer(() => {
      a.#inbound.accept(acceptA, a);
      b.#inbound.accept(acceptB, b);
    });
  }

  write(bytes: Uint8Array | string): boolean {
    const pipe = this.#peer.#incoming;
    if (!this.#writable || bytes.length === 0) return true;
    pipe.chunks.push(typeof bytes === "string" ? encodeLatin1(bytes) : bytes);
    pipe.size += bytes.length;
    this.#peer.#move();
    if (pipe.size < this.#settings.window) return true;
    pipe.wantsDrain = true;
    return false;
  }

  endWrite(): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#peer.#incoming.ended = true;
    this.#peer.#move();
  }

  /** The peer hears of it as a reset, a turn later: what has not arrived by then is lost. */
  destroy(): void {
    if (!this.#inbound.beginClosing()) return;
    this.#close();
    const peer = this.#peer;
    this.#settings.clock.defer(() => peer.#close(new Error("The connection was reset")));
  }

  reset(): void {
    this.destroy();
  }

  pauseReading(): void {
    this.#inbound.pause();
  }

  resumeReading(): void {
    this.#inbound.resume();
  }

  /** Delivers what is on its way, in a turn of its own. */
  #move(): void {
    const pipe = this.#incoming;
    if (pipe.moving || !this.#reading) return;
    pipe.moving = true;
    this.#settings.clock.defer(() => {
      pipe.moving = false;
      this.#deliver(pipe);
    });
  }

  #deliver(pipe: Pipe): void {
    // Only what was here when the turn began: two ends that answer each other take turns.
    for (let left = pipe.chunks.length; left > 0 && this.#reading; left--) {
      const bytes = pipe.chunks.shift();
      if (bytes === undefined) break;
      pipe.size -= bytes.length;
      this.#reading = this.#inbound.data(bytes, true);
    }
    if (pipe.wantsDrain && pipe.size === 0) {
      pipe.wantsDrain = false;
      this.#peer.#inbound.drain();
    }
    if (pipe.size > 0) return this.#move();
    if (!pipe.ended || !this.#reading) return;
    this.#inbound.end();
    this.#peer.#finDelivered();
    this.#closeIfDone();
  }

  #finDelivered(): void {
    this.#finSent = true;
    this.#closeIfDone();
  }

  /** As in TCP, a connection is over when both ends have said so. */
  #closeIfDone(): void {
    if (this.#finSent && this.#inbound.ended) this.#close();
  }

  #close(error?: Error): void {
    this.#writable = false;
    this.#reading = false;
    this.#incoming.chunks.length = 0;
    this.#incoming.size = 0;
    this.#inbound.close(error);
  }
}

function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
