/**
 * One connection of Node's, as the engine sees it.
 *
 * @module
 */

import type { Socket as Stream } from "node:net";
import {
  type Address,
  Inbound,
  type InboundHost,
  ipAddress,
  type OpenHandler,
  PROBE_INTERVAL_MS,
  type Socket,
} from "../../src/socket/mod.ts";
import { readShared } from "./reads.ts";
import type { UnixPaths } from "../shared/unix_paths.ts";

/** One connection that may be half-open: of a `net.Server`, or dialled. */
export class NodeSocket implements Socket, InboundHost {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted: boolean;
  /** Where a handler's error goes. */
  readonly log: (line: string) => void;
  readonly #stream: Stream;
  readonly #raw: Stream;
  readonly #inbound: Inbound;
  #writable = true;
  #awaitsDrain = false;
  #probe: ReturnType<typeof setInterval> | undefined;
  #error: Error | undefined;

  /**
   * @param raw What the server gave, or what has connected.
   * @param secure TLS over it, if the bytes travel encrypted.
   * @param unix What its ends are called, if it is a Unix connection.
   * @param log Where a handler's error goes.
   */
  constructor(
    raw: Stream,
    secure: Stream | undefined,
    unix: UnixPaths | undefined,
    log: (line: string) => void,
  ) {
    this.#stream = secure ?? raw;
    this.#raw = raw;
    this.encrypted = secure !== undefined;
    this.remote = endAddress(unix?.remote, raw.remoteAddress, raw.remotePort);
    this.local = endAddress(unix?.local, raw.localAddress, raw.localPort);
    this.log = log;
    this.#inbound = new Inbound(this);
  }

  /**
   * Calls `accept`, then listens: a stream that has no `data` listener does not read yet.
   *
   * @param accept Gives the handler.
   */
  open(accept: OpenHandler): void {
    const stream = this.#stream;
    const inbound = this.#inbound;
    stream.on("error", (error) => this.#error = error);
    stream.on("close", () => {
      clearInterval(this.#probe);
      this.#writable = false;
      inbound.close(this.#error);
    });
    inbound.accept(accept, this);
    const isPlain = stream === this.#raw;
    if (!isPlain || !readShared(stream, (bytes) => this.#received(bytes, false))) {
      stream.on("data", (bytes: Uint8Array) => void this.#received(bytes, true));
    }
    stream.on("end", () => {
      // In the middle of a handshake, it was no end but a failure.
      if (!stream.destroyed) inbound.end();
    });
    stream.resume(); // without a `data` listener it would not end
  }

  #received(bytes: Uint8Array, ours: boolean): boolean {
    const goesOn = this.#inbound.data(bytes, ours);
    if (!goesOn) this.#stopReading();
    return goesOn;
  }

  /** As of {@linkcode InboundHost}. */
  resumeSource(): void {
    clearInterval(this.#probe);
    this.#stream.resume();
  }

  /** A stream that does not read is never told of a FIN, so this comes as late as it may. */
  #stopReading(): void {
    const stream = this.#stream;
    stream.pause();
    this.#probe = setInterval(() => {
      // Under TLS, too: an empty write of its own does not get as far as the kernel.
      if (this.#writable && stream.writableLength === 0) this.#raw.write("");
    }, PROBE_INTERVAL_MS);
  }

  write(bytes: Uint8Array | string): boolean {
    if (!this.#writable) return true;
    const stream = this.#stream;
    // A latin-1 string is cheaper than the Buffer made of it, and goes out in this very call.
    const hasRoom = typeof bytes === "string" ? stream.write(bytes, "latin1") : stream.write(bytes);
    if (!hasRoom && !this.#awaitsDrain) {
      this.#awaitsDrain = true;
      stream.once("drain", () => {
        this.#awaitsDrain = false;
        this.#inbound.drain();
      });
    }
    return hasRoom;
  }

  get holdsBytes(): boolean {
    return this.#stream.writableLength > 0;
  }

  endWrite(): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#stream.end();
  }

  destroy(): void {
    this.#writable = false;
    if (this.#inbound.beginClosing()) this.#stream.destroy();
  }

  reset(): void {
    // Behind a FIN of ours libuv refuses, and only TCP has resets.
    const isFinished = !this.#writable && this.#stream.writableLength === 0;
    if (isFinished || this.local.family === "unix") return this.destroy();
    this.#writable = false;
    if (!this.#inbound.beginClosing()) return;
    this.#raw.resetAndDestroy();
    // By itself it would wait until all is written, and end first.
    this.#raw.destroy();
    this.#stream.destroy();
  }

  pauseReading(): void {
    this.#inbound.pause();
  }

  resumeReading(): void {
    this.#inbound.resume();
  }
}

function endAddress(
  path: string | undefined,
  host: string | undefined,
  port: number | undefined,
): Address {
  if (path !== undefined) return { family: "unix", path };
  // A peer that is gone already has no address any more.
  return ipAddress(host ?? "", port ?? 0);
}
