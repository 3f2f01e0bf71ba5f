/**
 * The socket of one connection of Node.
 *
 * The stream buffers writes; `Inbound` holds bytes back while the handler has paused reading. When
 * it holds enough, the stream is paused and probed: a paused stream reports neither a FIN nor a
 * reset, but an empty write makes the kernel report a pending reset. The trap: under TLS the empty
 * write must go to the raw stream, because an empty write to the TLS stream does not reach the
 * kernel.
 *
 * `node/listen.ts` and `node/dial.ts` make these sockets.
 *
 * @module
 */

import type { Socket as Stream } from "node:net";
import type { TLSSocket } from "node:tls";
import {
  type Address,
  Inbound,
  type InboundHost,
  MAX_READ_AHEAD_BYTES,
  type OpenHandler,
  PROBE_INTERVAL_MS,
  type Socket,
} from "../../src/socket/mod.ts";
import { endAddress, shareLocal, type UnixPaths } from "../shared/end_address.ts";
import { builtinBufferMethods } from "../shared/buffer_methods.ts";
import { logError } from "../shared/error_log.ts";
import { sharedReader } from "./reads.ts";

/** The options of every stream, accepted or dialled. */
export const STREAM_OPTIONS: {
  readonly allowHalfOpen: boolean;
  readonly noDelay: boolean;
  readonly highWaterMark: number;
} = { allowHalfOpen: true, noDelay: true, highWaterMark: MAX_READ_AHEAD_BYTES };

/**
 * The property of a stream that leads to its socket. The listeners are the same functions for all streams,
 * because functions for each one would take more memory than the socket itself.
 */
const SOCKET = Symbol("socket of the adapter");

/** The stream of an open socket. */
interface OwnedStream extends Stream {
  [SOCKET]: NodeSocket;
}

/** One connection that can be half-closed. It was accepted by a `net.Server` or dialled. */
export class NodeSocket implements Socket, InboundHost {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted: boolean;
  readonly log: (line: string) => void;
  /** The stream with the bytes of the app: the TLS stream, or the raw stream. */
  readonly #stream: Stream;
  /** The stream below TLS; the same as `#stream` without TLS. */
  readonly #raw: Stream;
  readonly #inbound: Inbound;
  /**
   * Whether bytes may be written. It becomes false at the first `endWrite`, `destroy` or `reset`,
   * or at the close of the stream, and stays so.
   */
  #writable = true;
  /**
   * Whether `onDrain` is due. It is set when `write` returns `false`, and reset when the stream
   * drains.
   */
  #drainDue = false;
  /** The timer of the probes. It runs while reading is stopped. */
  #probe: ReturnType<typeof setInterval> | undefined;
  /** The error of the stream, for `onClose`. */
  #error: Error | undefined;
  /** Whether the stream writes a latin-1 string as UTF-8, as those of `node:tls` do on Deno. */
  readonly #mustEncode: boolean;

  /**
   * Makes the socket of a connection.
   *
   * @param raw The connected stream.
   * @param secure The TLS stream over it; `undefined` for plain text.
   * @param unix The paths of a Unix connection; `undefined` for TCP.
   * @param log Takes the lines of the error log.
   */
  constructor(
    raw: Stream,
    secure: Stream | undefined,
    unix: UnixPaths | undefined,
    log: (line: string) => void = logError,
  ) {
    this.log = log;
    this.#stream = secure ?? raw;
    this.#raw = raw;
    this.encrypted = secure !== undefined;
    this.#mustEncode = this.encrypted && "Deno" in globalThis;
    this.remote = endAddress(unix?.remote, raw.remoteAddress, raw.remotePort);
    this.local = shareLocal(endAddress(unix?.local, raw.localAddress, raw.localPort));
    this.#inbound = new Inbound(this);
  }

  /**
   * Gets the handler of the connection, then begins to read. A stream without a `data` listener
   * does not read.
   *
   * @param open Returns the handler.
   */
  open(open: OpenHandler): void {
    const stream = this.#stream as OwnedStream;
    stream[SOCKET] = this;
    stream.on("error", NodeSocket.#onError);
    stream.on("close", NodeSocket.#onClose);
    this.#inbound.start(open, this);
    const isPlain = stream === this.#raw;
    if (!isPlain || !NodeSocket.#readShared(stream)) stream.on("data", NodeSocket.#onData);
    stream.on("end", NodeSocket.#onEnd);
    stream.resume(); // a stream without a `data` listener would not emit `end` otherwise
  }

  // The listeners. Node calls them with the stream as `this`.

  static #onError(this: OwnedStream, error: Error): void {
    this[SOCKET].#error = error;
  }

  static #onClose(this: OwnedStream): void {
    const socket = this[SOCKET];
    clearInterval(socket.#probe);
    socket.#writable = false;
    socket.#inbound.close(socket.#error);
  }

  static readonly #readShared = sharedReader({
    received: (stream, bytes, owned) => (stream as OwnedStream)[SOCKET].#received(bytes, owned),
    nextArrayBytes: (stream, most) => (stream as OwnedStream)[SOCKET].#inbound.nextArrayBytes(most),
  });

  static #onData(this: OwnedStream, bytes: Uint8Array): void {
    // A handshake that was refused after its end has destroyed the stream.
    if (this.destroyed) return;
    // Node 26 puts the pieces of a TLS stream into buffers of 64 KB.
    this[SOCKET].#received(bytes, bytes.length === bytes.buffer.byteLength);
  }

  static #onEnd(this: OwnedStream): void {
    // An end during the handshake has destroyed the stream, with an error.
    if (!this.destroyed) this[SOCKET].#inbound.end();
  }

  #received(bytes: Uint8Array, owned: boolean): boolean {
    const goesOn = this.#inbound.data(bytes, owned);
    if (!goesOn) this.#stopReading();
    return goesOn;
  }

  /** See {@linkcode InboundHost}. */
  resumeSource(): void {
    clearInterval(this.#probe);
    this.#stream.resume();
  }

  /**
   * Pauses the stream. The pause begins as late as possible, because a paused stream does not
   * report a FIN.
   */
  #stopReading(): void {
    const stream = this.#stream;
    stream.pause();
    this.#probe = setInterval(() => {
      if (this.#writable && stream.writableLength === 0) this.#raw.write("");
    }, PROBE_INTERVAL_MS);
  }

  write(bytes: Uint8Array | string): boolean {
    if (!this.#writable) return true;
    const stream = this.#stream;
    // To write a latin-1 string is cheaper than to make a Buffer of it. The string is sent within
    // this call.
    const hasRoom = typeof bytes === "string" && !this.#mustEncode
      ? stream.write(bytes, "latin1")
      : stream.write(typeof bytes === "string" ? encodeLatin1(bytes) : bytes);
    if (!hasRoom && !this.#drainDue) {
      this.#drainDue = true;
      stream.once("drain", () => {
        this.#drainDue = false;
        this.#inbound.drain();
      });
    }
    return hasRoom;
  }

  get clientCertificate(): Uint8Array | undefined {
    const { getPeerX509Certificate } = this.#stream as Partial<TLSSocket>;
    return getPeerX509Certificate?.call(this.#stream as TLSSocket)?.raw;
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
    // After our FIN libuv refuses to reset, and a Unix socket has no reset.
    const isFinished = !this.#writable && this.#stream.writableLength === 0;
    if (isFinished || this.local.family === "unix") return this.destroy();
    this.#writable = false;
    if (!this.#inbound.beginClosing()) return;
    // `resetAndDestroy` alone waits until all bytes are written, and then sends a FIN first.
    this.#raw.resetAndDestroy();
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

function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  builtinBufferMethods().latin1Write.call(bytes, text, 0, text.length);
  return bytes;
}
