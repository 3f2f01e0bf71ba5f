/**
 * The socket of one accepted connection of Bun.
 *
 * Bun buffers no writes, so an output queue keeps the bytes that the kernel did not take, and sends
 * them on `drain`. Bun has no half-close that waits, so our FIN is sent when the queue is empty.
 *
 * `bun/listen.ts` makes these sockets. Dialled connections have sockets of `node/socket.ts`.
 *
 * @module
 */

import {
  type Address,
  Inbound,
  type InboundHost,
  type OpenHandler,
  OutputQueue,
  type Socket,
} from "../../src/socket/mod.ts";
import { builtinBufferMethods } from "../shared/buffer_methods.ts";
import { endAddress, shareLocal, type UnixPaths } from "../shared/end_address.ts";
import { logError } from "../shared/error_log.ts";
import { outputBlocks } from "../shared/output_blocks.ts";
import type { BunStream, BunStreamEvents } from "./runtime.ts";

function encodeLatin1(text: string, target: Uint8Array, at: number): void {
  builtinBufferMethods().latin1Write.call(target, text, at, text.length);
}

/**
 * The direction to the peer. A connection moves down this table, never up.
 *
 * | state | begins with | `write` | queued bytes | our FIN |
 * |---|---|---|---|---|
 * | `open` | the connection | sends or queues | are sent on `drain` | not yet |
 * | `ending` | `endWrite`, `destroy` or `reset` | drops | are sent on `drain` | when the queue is empty |
 * | `ended` | our FIN, or the close of the stream | drops | none | sent, or never |
 *
 * When the direction has `ended` and the peer has sent its FIN, the stream is closed. `Inbound` knows
 * whether the handler has destroyed the socket.
 */
type OutputState = "open" | "ending" | "ended";

/** One accepted `Bun.Socket`. */
export class BunSocket implements Socket, InboundHost, BunStreamEvents {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted: boolean = false;
  readonly log: (line: string) => void;
  readonly #inbound: Inbound;
  readonly #stream: BunStream;
  /** The bytes that the kernel has not taken; `undefined` if there are none, as for most sockets. */
  #queue: OutputQueue | undefined;
  #output: OutputState = "open";
  /**
   * Whether `onDrain` is due. It is set when `write` returns `false`, and reset when the queue is
   * empty.
   */
  #drainDue = false;

  /**
   * Makes the socket of a connection.
   *
   * @param stream The stream of the listener.
   * @param unix The paths of a Unix connection; `undefined` for TCP.
   * @param log Takes the lines of the error log.
   */
  constructor(
    stream: BunStream,
    unix: UnixPaths | undefined,
    log: (line: string) => void = logError,
  ) {
    this.log = log;
    this.#stream = stream;
    this.remote = endAddress(unix?.remote, stream.remoteAddress, stream.remotePort);
    this.local = shareLocal(endAddress(unix?.local, stream.localAddress, stream.localPort));
    this.#inbound = new Inbound(this);
  }

  /**
   * Gets the handler of the connection. Bun reports no event before this method returns.
   *
   * @param open Returns the handler.
   */
  open(open: OpenHandler): void {
    this.#stream.data = this;
    this.#stream.setNoDelay(true);
    this.#inbound.start(open, this);
  }

  /** See {@linkcode InboundHost}. */
  resumeSource(): void {
    this.#stream.resume();
  }

  write(bytes: Uint8Array | string): boolean {
    if (this.#output !== "open" || bytes.length === 0) return true;
    const taken = this.#queue === undefined ? this.#offer(bytes) : 0;
    if (taken >= bytes.length) return true;
    this.#queue ??= new OutputQueue(outputBlocks, encodeLatin1);
    this.#queue.push(typeof bytes === "string" ? bytes.slice(taken) : bytes.subarray(taken));
    this.#drainDue = true;
    return false;
  }

  get holdsBytes(): boolean {
    return this.#queue !== undefined;
  }

  endWrite(): void {
    if (this.#output !== "open") return;
    this.#output = "ending";
    this.#finishIfSent();
  }

  destroy(): void {
    if (this.#output === "open") this.#output = "ending";
    if (!this.#inbound.beginClosing()) return;
    // `terminate` would reset the connection, and the peer would lose even bytes that were sent
    // long ago.
    this.#stream.end();
  }

  reset(): void {
    if (this.#output === "ended") return this.destroy();
    this.#output = "ending";
    if (this.#inbound.beginClosing()) this.#stream.terminate();
  }

  pauseReading(): void {
    this.#inbound.pause();
  }

  resumeReading(): void {
    this.#inbound.resume();
  }

  /** See {@linkcode BunStreamEvents}. */
  received(bytes: Uint8Array): void {
    if (!this.#inbound.data(bytes, true)) this.#stream.pause();
  }

  /** See {@linkcode BunStreamEvents}. */
  ended(): void {
    this.#inbound.end();
    this.#closeIfDone();
  }

  /** See {@linkcode BunStreamEvents}. Bun also calls this when there is no more room than before. */
  drained(): void {
    while (this.#queue !== undefined && this.#queue.size > 0) {
      const head = this.#queue.head();
      const taken = this.#offer(head);
      this.#queue?.advance(taken);
      if (taken < head.length) return;
    }
    this.#queue = undefined;
    if (this.#drainDue) {
      this.#drainDue = false;
      this.#inbound.drain();
    }
    this.#finishIfSent();
  }

  /** See {@linkcode BunStreamEvents}. */
  closed(error: Error | undefined): void {
    this.#queue = undefined;
    const finished = this.#output === "ended";
    this.#output = "ended";
    // After our FIN, Bun does not report the peer's FIN, but closes at once.
    if (finished && error === undefined) this.#inbound.end();
    this.#inbound.close(error);
  }

  /**
   * Writes bytes and returns the number that the kernel took. A string is written as latin-1,
   * because Bun's default encoding is UTF-8.
   *
   * The trap: Bun tells of no reset while reading is paused. A write then gives a negative number, and no event
   * would ever follow. The connection is closed here, and the bytes count as taken: none is kept.
   */
  #offer(bytes: Uint8Array | string): number {
    const taken = typeof bytes === "string"
      ? this.#stream.write(bytes, "latin1")
      : this.#stream.write(bytes);
    if (taken >= 0) return taken;
    this.closed(new Error("The connection was reset"));
    this.#stream.terminate();
    return bytes.length;
  }

  /**
   * Sends our FIN once the queue is empty. `end` would close, and drop bytes that the socket has
   * already taken.
   */
  #finishIfSent(): void {
    if (this.#output !== "ending" || this.#queue !== undefined) return;
    this.#output = "ended";
    this.#stream.shutdown();
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#output === "ended" && this.#inbound.ended) this.#stream.end();
  }
}
