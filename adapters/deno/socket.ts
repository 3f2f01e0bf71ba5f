/**
 * The socket of one connection of Deno.
 *
 * Deno's connections are read and written with promises. So this file runs the read loop: one read
 * is always outstanding, and the next read does not wait for writes. While reading is paused and
 * enough bytes are held, no read is outstanding; then empty writes probe for a reset.
 *
 * The trap: after a close during a write, Deno may still read the buffer of that write, so the buffer
 * must not be used again.
 *
 * `deno/listen.ts` makes these sockets, and `deno.ts` does for dialled connections.
 *
 * @module
 */

import {
  type Address,
  BlockPool,
  Inbound,
  type InboundHost,
  type OpenHandler,
  OutputQueue,
  PROBE_INTERVAL_MS,
  type Socket,
} from "../../src/socket/mod.ts";
import { shareLocal, type UnixPaths } from "../shared/end_address.ts";
import { logError } from "../shared/error_log.ts";
import { encodeLatin1 as encodeByLoop } from "../../src/socket/mod.ts";
import { outputBlocks } from "../shared/output_blocks.ts";
import { startTimerInParts } from "../shared/timer.ts";
import { afterPoll } from "./poll.ts";
import { type DenoConn, toAddress } from "./runtime.ts";

/** The size of the output queue from which on `write` returns `false`, in bytes. */
const MAX_QUEUED_BYTES = 64 * 1024;

/**
 * The sizes of the buffers for one read, in bytes. A tiny one holds the messages of most WebSockets, so
 * that thousands of idle ones hold little memory; a small one holds a request of a browser, and a medium one that
 * of a form.
 */
const TINY_READ_BYTES = 256;
const SMALL_READ_BYTES = 2 * 1024;
const MEDIUM_READ_BYTES = 16 * 1024;
const LARGE_READ_BYTES = 64 * 1024;
/** After a read up to this size, the next one is expected to fit into a tiny buffer, in bytes. */
const MAX_TINY_READ_BYTES = 128;
/** The numbers of buffers that are kept for the next connections, 1 MB of each size. */
const MAX_FREE_SMALL_READS = 512;
const MAX_FREE_MEDIUM_READS = 64;
const MAX_FREE_LARGE_READS = 16;

/** The remaining time for a handshake when no bytes are to be sent after it, in milliseconds. */
const UNUSED_HANDSHAKE_MS = 500;

const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();
const smallReads = new BlockPool(SMALL_READ_BYTES, MAX_FREE_SMALL_READS);
const mediumReads = new BlockPool(MEDIUM_READ_BYTES, MAX_FREE_MEDIUM_READS);
const largeReads = new BlockPool(LARGE_READ_BYTES, MAX_FREE_LARGE_READS);

/**
 * The time after which full reads leave other sockets their turn, in milliseconds. Deno gives bytes that are there
 * already in a microtask, so a client that sends faster than it is read would keep the event loop for itself.
 */
const MAX_FULL_MS = 2;

/**
 * Encodes a string as latin-1. For ASCII, UTF-8 gives the same bytes. For other text the loop is
 * faster than Deno's `Buffer`; the frames of a WebSocket begin with such a character.
 */
function encodeLatin1(text: string, target: Uint8Array, at: number): void {
  if (text.charCodeAt(0) >= 0x80) return encodeByLoop(text, target, at);
  const { read, written } = encoder.encodeInto(text, at === 0 ? target : target.subarray(at));
  if (read !== text.length || written !== text.length) encodeByLoop(text, target, at);
}

/**
 * The direction to the peer. A connection moves down this table, never up.
 *
 * | state | begins with | `write` | queued bytes | our FIN |
 * |---|---|---|---|---|
 * | `open` | the connection | queues | are sent | not yet |
 * | `ending` | `endWrite` during a write | drops | are sent | when the queue is empty |
 * | `ended` | our FIN | drops | none | sent |
 * | `closed` | `destroy`, an error, or both FINs | drops | are dropped | sent, or never |
 */
type OutputState = "open" | "ending" | "ended" | "closed";

/** One `Deno.Conn`, accepted or dialled. It has no `reset`, because Deno has none. */
export class DenoSocket implements Socket, InboundHost {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted: boolean;
  readonly log: (line: string) => void;
  readonly #conn: DenoConn;
  readonly #inbound: Inbound;
  readonly #queue = new OutputQueue(outputBlocks, encodeLatin1);
  /** The buffer of the outstanding read. */
  #buffer: Uint8Array = NO_BYTES;
  /** Whether the handler is to own the buffer, if the read fills it. */
  #isForHandler = false;
  /**
   * Whether the next read gets a tiny buffer. `next` after `expectLittle`, for one read; `never` from the first
   * read that has filled a tiny buffer; otherwise the size of the last read decides.
   */
  #tiny: "maybe" | "next" | "never" = "maybe";
  /** The time since which each read has filled a large buffer or one for the handler, in milliseconds. */
  #fullSinceMs: number | undefined;
  #output: OutputState = "open";
  /** Whether a write of Deno is outstanding. The value stays true after a close during a write. */
  #writing = false;
  /**
   * Whether `onDrain` is due. It is set when `write` returns `false`, and reset when the queue is
   * empty.
   */
  #drainDue = false;
  /**
   * Whether the TLS handshake is not finished and nothing was written. `open` sets it; the first
   * `write` and the end of the handshake reset it. While it is set, our FIN ends the handshake
   * soon.
   */
  #handshakePending = false;
  #cancelHandshakeTimer: (() => void) | undefined;
  /** The timer of the probes. It runs while reading is stopped. */
  #probe: ReturnType<typeof setInterval> | undefined;

  /**
   * Makes the socket of a connection.
   *
   * @param conn The connection.
   * @param unix The paths of a Unix connection; `undefined` for TCP.
   * @param log Takes the lines of the error log.
   */
  constructor(
    conn: DenoConn,
    unix: UnixPaths | undefined,
    log: (line: string) => void = logError,
  ) {
    this.log = log;
    this.#conn = conn;
    this.encrypted = conn.handshake !== undefined;
    this.remote = toAddress(conn.remoteAddr, unix?.remote ?? "");
    this.local = shareLocal(toAddress(conn.localAddr, unix?.local ?? ""));
    this.#inbound = new Inbound(this);
  }

  /**
   * Gets the handler of the connection, then begins to read.
   *
   * @param open Returns the handler.
   * @param handshakeTimeoutMs The time for a TLS handshake, in milliseconds; `undefined` for plain
   *   text.
   */
  open(open: OpenHandler, handshakeTimeoutMs: number | undefined): void {
    try {
      this.#conn.setNoDelay?.(true);
    } catch {
      // The peer has left already; the first read reports that.
    }
    this.#inbound.start(open, this);
    if (handshakeTimeoutMs !== undefined) this.#limitHandshake(handshakeTimeoutMs);
    this.#read(smallReads.take());
  }

  /** See {@linkcode InboundHost}. */
  resumeSource(): void {
    clearInterval(this.#probe);
    this.#read(smallReads.take());
  }

  write(bytes: Uint8Array | string): boolean {
    if (this.#output !== "open") return true;
    this.#handshakePending = false;
    this.#queue.push(bytes);
    if (!this.#writing && this.#queue.size > 0) this.#send();
    if (this.#queue.size < MAX_QUEUED_BYTES) return true;
    this.#drainDue = true;
    return false;
  }

  get holdsBytes(): boolean {
    return this.#writing || this.#queue.size > 0;
  }

  endWrite(): void {
    if (this.#output !== "open") return;
    this.#output = "ending";
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

  expectLittle(): void {
    this.#tiny = "next";
  }

  /**
   * Starts the deadline of the handshake. The first read makes the handshake, and reports its
   * failure.
   */
  #limitHandshake(timeoutMs: number): void {
    if (this.#output === "closed") return;
    this.#handshakePending = this.#queue.size === 0 && !this.#writing;
    this.#startHandshakeTimer(timeoutMs);
    const done = () => {
      this.#handshakePending = false;
      this.#cancelHandshakeTimer?.();
    };
    this.#conn.handshake?.().then(done, done);
  }

  #startHandshakeTimer(timeoutMs: number): void {
    this.#cancelHandshakeTimer?.();
    this.#cancelHandshakeTimer = startTimerInParts(timeoutMs, () => {
      this.#close(new Error(`TLS handshake: not done in ${timeoutMs} ms`));
    });
  }

  /**
   * Begins a read. Its two callbacks are those of all reads of the connection, so that an idle one holds less
   * than an async function that waits for the read.
   */
  #read(buffer: Uint8Array): void {
    if (this.#output === "closed") return giveBack(buffer);
    this.#buffer = buffer;
    this.#conn.read(buffer).then(this.#received, this.#readFailed);
  }

  readonly #received = (count: number | null): void => {
    const buffer = this.#buffer;
    if (count === null || this.#output === "closed") {
      giveBack(buffer);
      this.#inbound.end();
      return this.#closeIfDone();
    }
    const isFull = count === buffer.length;
    const owned = isFull && this.#isForHandler;
    const bytes = isFull ? buffer : buffer.subarray(0, count);
    const goesOn = count === 0 || this.#inbound.data(bytes, owned);
    const isLong = goesOn && isFull && (owned || count === LARGE_READ_BYTES);
    const next = isLong ? this.#inbound.nextArrayBytes(LARGE_READ_BYTES) : 0;
    this.#isForHandler = next > 0;
    // Otherwise `#nextBuffer` decides about the buffer, and the handler owns its array.
    if (!owned && (!goesOn || next > 0)) giveBack(buffer);
    if (!goesOn) return this.#stopReading();
    const nextBuffer = next > 0
      ? new Uint8Array(next)
      : owned
      ? largeReads.take()
      : this.#nextBuffer(buffer, count);
    if (!isLong) this.#fullSinceMs = undefined;
    else if (this.#usesAllTurns()) return afterPoll(() => this.#read(nextBuffer));
    this.#read(nextBuffer);
  };

  /** Whether full reads have followed each other for so long that other sockets must have their turn. */
  #usesAllTurns(): boolean {
    const nowMs = performance.now();
    this.#fullSinceMs ??= nowMs;
    if (nowMs - this.#fullSinceMs < MAX_FULL_MS) return false;
    this.#fullSinceMs = undefined;
    return true;
  }

  readonly #readFailed = (error: unknown): void => {
    giveBack(this.#buffer);
    this.#close(error as Error);
  };

  /** Begins to probe, because without an outstanding read only a write reports a reset. */
  #stopReading(): void {
    this.#probe = setInterval(() => {
      const isIdle = this.#output === "open" && !this.#writing;
      if (isIdle) this.#conn.write(NO_BYTES).catch(this.#closeBroken);
    }, PROBE_INTERVAL_MS);
  }

  /**
   * Chooses the buffer of the next read: the next larger one after a read that filled the buffer, and a
   * smaller one after a read that is small or tiny, or if little is expected.
   */
  #nextBuffer(buffer: Uint8Array, count: number): Uint8Array {
    if (buffer.length === TINY_READ_BYTES && count === TINY_READ_BYTES) {
      this.#tiny = "never";
      return smallReads.take();
    }
    const isTinyNext = this.#tiny === "next";
    if (isTinyNext) this.#tiny = "maybe";
    const next = isTinyNext ? TINY_READ_BYTES : nextSize(buffer.length, count);
    if (next === buffer.length || next === TINY_READ_BYTES && this.#tiny === "never") return buffer;
    giveBack(buffer);
    if (next === TINY_READ_BYTES) return new Uint8Array(TINY_READ_BYTES);
    if (next === SMALL_READ_BYTES) return smallReads.take();
    return next === MEDIUM_READ_BYTES ? mediumReads.take() : largeReads.take();
  }

  #send(): void {
    this.#writing = true;
    // Deno tries the write at once. If the kernel has room, the bytes are sent when this call
    // returns.
    this.#conn.write(this.#queue.head()).then(this.#sent, this.#closeBroken);
  }

  /** Made once: a function for each write takes 4 % of a request. */
  readonly #sent = (count: number): void => {
    if (this.#output === "closed") return;
    this.#queue.advance(count);
    if (this.#queue.size > 0) return this.#send();
    this.#writing = false;
    if (this.#drainDue) {
      this.#drainDue = false;
      this.#inbound.drain();
    }
    if (this.#output === "ending" && !this.#writing) this.#finish();
  };

  readonly #closeBroken = (error: unknown): void => this.#close(error as Error);

  /** Sends our FIN, after all bytes. */
  #finish(): void {
    this.#output = "ended";
    // Deno sends the FIN only after the handshake. If no other byte waits for the handshake, it
    // must end soon.
    if (this.#handshakePending) this.#startHandshakeTimer(UNUSED_HANDSHAKE_MS);
    // The call fails if the peer has left; the read reports that, too.
    const sent = () => this.#closeIfDone();
    this.#conn.closeWrite().then(sent, sent);
  }

  #closeIfDone(): void {
    if (this.#output === "ended" && this.#inbound.ended) this.#close();
  }

  #close(error?: Error): void {
    if (this.#output === "closed") return;
    this.#output = "closed";
    clearInterval(this.#probe);
    this.#cancelHandshakeTimer?.();
    this.#queue.clear();
    // `close` also cancels the outstanding read and write.
    this.#conn.close();
    this.#inbound.close(error);
  }
}

/** The size of the buffer after a read of `count` bytes into one of `size` bytes. */
function nextSize(size: number, count: number): number {
  if (size === TINY_READ_BYTES) return size;
  if (size === SMALL_READ_BYTES) {
    if (count === size) return MEDIUM_READ_BYTES;
    return count <= MAX_TINY_READ_BYTES ? TINY_READ_BYTES : size;
  }
  if (count < SMALL_READ_BYTES) return SMALL_READ_BYTES;
  return count < MEDIUM_READ_BYTES ? MEDIUM_READ_BYTES : LARGE_READ_BYTES;
}

/** Gives a buffer back to its pool, when no read uses it any more. */
function giveBack(buffer: Uint8Array): void {
  if (buffer.length === SMALL_READ_BYTES) smallReads.give(buffer);
  else if (buffer.length === MEDIUM_READ_BYTES) mediumReads.give(buffer);
  else if (buffer.length === LARGE_READ_BYTES) largeReads.give(buffer);
}
