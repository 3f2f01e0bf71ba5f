/**
 * One end of a connection in memory. It shows the duties of every socket. A socket passes the
 * peer's bytes to the handler through an `Inbound`, which keeps the promises about order, pauses
 * and closing. Its `write` returns `false` while the peer is slow, and the socket then reports
 * `drain`.
 *
 * Bytes move only in a turn of the clock, so the owner of the clock decides when they move.
 *
 * `memory/network.ts` makes these sockets, and so does `socketPair` of `memory.ts`.
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
import { latin1Bytes } from "../../src/socket/mod.ts";

/** The settings that all sockets of a network share. */
export interface MemorySettings {
  /** The clock. Its turns move the bytes. */
  readonly clock: Adapter["clock"];
  /** The number of undelivered bytes from which on `write` returns `false`. */
  readonly windowBytes: number;
  /** Writes a line to the error log. */
  readonly log: (line: string) => void;
  /** The files that apps may read. */
  readonly files: Adapter["files"];
}

/** The bytes on their way to one end. */
class IncomingBytes {
  readonly pieces: Uint8Array[] = [];
  /** The sum of the lengths of all pieces. */
  sizeBytes = 0;
  /** Whether the FIN follows the last piece. The peer's `endWrite` sets it. */
  hasFin = false;
  /** Whether a delivery is planned for a later turn. It is reset when the delivery begins. */
  deliveryDue = false;
  /** Whether the writer's `onDrain` is due. A `write` that returns `false` sets it. */
  drainDue = false;
}

/**
 * The direction to the peer. A connection moves down this table, never up.
 *
 * | state | begins with | `write` | our FIN |
 * |---|---|---|---|
 * | `open` | the connection | puts bytes into the peer's incoming bytes | not yet |
 * | `ending` | `endWrite` | drops | follows the incoming bytes of the peer |
 * | `ended` | delivery of our FIN | drops | delivered |
 * | `closed` | `destroy`, `reset`, the peer's `destroy`, or both FINs | drops | delivered, or never |
 */
type OutputState = "open" | "ending" | "ended" | "closed";

/** One end of a connection in memory. */
export class MemorySocket implements Socket {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted = false;
  readonly #settings: MemorySettings;
  readonly #inbound: Inbound;
  readonly #incoming = new IncomingBytes();
  /** The other end. `join` sets it before any caller has this end. */
  #peer!: MemorySocket;
  #output: OutputState = "open";
  /**
   * Whether pieces are delivered. It is false while `Inbound` holds enough, and after the close.
   */
  #reading = true;

  /**
   * Makes one end. It must then be joined with another one.
   *
   * @param settings The settings that both ends share.
   * @param local The address of this end.
   * @param remote The address of the other end.
   */
  constructor(settings: MemorySettings, local: Address, remote: Address) {
    this.#settings = settings;
    this.local = local;
    this.remote = remote;
    this.#inbound = new Inbound({
      resumeSource: () => {
        this.#reading = true;
        this.#planDelivery();
      },
      destroy: () => this.destroy(),
      soon: (job) => settings.clock.defer(job),
      log: settings.log,
    });
  }

  /**
   * Joins two ends. In a later turn each end gets its handler, before any bytes are delivered.
   *
   * @param a One end.
   * @param openA Returns the handler of `a`.
   * @param b The other end.
   * @param openB Returns the handler of `b`.
   */
  static join(a: MemorySocket, openA: OpenHandler, b: MemorySocket, openB: OpenHandler): void {
    a.#peer = b;
    b.#peer = a;
    a.#settings.clock.defer(() => {
      a.#inbound.start(openA, a);
      b.#inbound.start(openB, b);
    });
  }

  write(bytes: Uint8Array | string): boolean {
    if (this.#output !== "open" || bytes.length === 0) return true;
    const incoming = this.#peer.#incoming;
    incoming.pieces.push(typeof bytes === "string" ? latin1Bytes(bytes) : bytes);
    incoming.sizeBytes += bytes.length;
    this.#peer.#planDelivery();
    if (incoming.sizeBytes < this.#settings.windowBytes) return true;
    incoming.drainDue = true;
    return false;
  }

  endWrite(): void {
    if (this.#output !== "open") return;
    this.#output = "ending";
    this.#peer.#incoming.hasFin = true;
    this.#peer.#planDelivery();
  }

  /**
   * Closes the connection. One turn later the peer gets a reset, and bytes that are still on their
   * way are lost.
   */
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

  #planDelivery(): void {
    const incoming = this.#incoming;
    if (incoming.deliveryDue || !this.#reading) return;
    incoming.deliveryDue = true;
    this.#settings.clock.defer(() => {
      incoming.deliveryDue = false;
      this.#deliver(incoming);
    });
  }

  /** Delivers the pieces of this moment. A piece that comes meanwhile waits for the next turn. */
  #deliver(incoming: IncomingBytes): void {
    for (let left = incoming.pieces.length; left > 0 && this.#reading; left--) {
      const bytes = incoming.pieces.shift();
      if (bytes === undefined) break;
      incoming.sizeBytes -= bytes.length;
      // The array may be the sender's, so the handler does not own it.
      this.#reading = this.#inbound.data(bytes, false);
    }
    // An array whose buffer was transferred on the way is shorter now than when it was counted.
    if (incoming.pieces.length === 0) incoming.sizeBytes = 0;
    if (incoming.drainDue && incoming.sizeBytes === 0) {
      incoming.drainDue = false;
      this.#peer.#inbound.drain();
    }
    if (incoming.sizeBytes > 0) return this.#planDelivery();
    if (!incoming.hasFin || !this.#reading) return;
    this.#inbound.end();
    this.#peer.#finDelivered();
    this.#closeIfDone();
  }

  #finDelivered(): void {
    if (this.#output === "ending") this.#output = "ended";
    this.#closeIfDone();
  }

  /** Closes the connection when both FINs have arrived, as TCP does. */
  #closeIfDone(): void {
    if (this.#output === "ended" && this.#inbound.ended) this.#close();
  }

  #close(error?: Error): void {
    this.#output = "closed";
    this.#reading = false;
    this.#incoming.pieces.length = 0;
    this.#incoming.sizeBytes = 0;
    this.#inbound.close(error);
  }
}
