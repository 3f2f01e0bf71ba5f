/**
 * The callback side of a socket, the same for every adapter: calls the handler in order, holds bytes
 * back while reading is paused, and calls `onClose` exactly once.
 *
 * Two rules make a connection easy to reason about. No callback runs inside a call of the socket's
 * own methods: the effects of resuming and destroying come a little later. An error that a handler
 * throws ends its connection, never the process.
 *
 * The sockets of each adapter and of embedders call this.
 *
 * @module
 */

import { BASE, checkFunction, checkMembers } from "../coroutine/internal.ts";
import type { Socket, SocketHandler } from "./socket.ts";

/**
 * The number of bytes that a paused socket reads ahead at most. The number is large enough to
 * notice the end of a peer that sent a request and left, and small compared with the buffers of the
 * kernel.
 */
export const MAX_READ_AHEAD_BYTES: number = 64 * 1024;

/**
 * The time between two checks whether the peer of a paused socket has reset the connection, in
 * milliseconds. Used for a runtime that does not report a reset. An empty write makes the kernel
 * report a pending RST. With 75 ms, a client that has gone is noticed within 100 ms, also while
 * reading is paused.
 */
export const PROBE_INTERVAL_MS: number = 75;

/**
 * Each held piece counts as its bytes and this many more, so that a flood of tiny pieces is bounded
 * too.
 */
const CHUNK_COST_BYTES = 128;
const NONE: readonly Uint8Array[] = [];
/** The methods that every socket needs: a missing one would be missed long after, at an error or a full buffer. */
const HOST_METHODS: readonly (keyof InboundHost)[] = ["resumeSource", "destroy", "log"];
const HOST_EXPECTED = `an object with ${HOST_METHODS.join(", ")}`;

/** Takes a new socket, and returns the handler for its events. */
export type OpenHandler = (socket: Socket) => SocketHandler;

/** The members that {@linkcode Inbound} needs of its socket. */
export interface InboundHost {
  /** Continues reading, after {@linkcode Inbound.data} returned `false`. */
  resumeSource(): void;
  /** Closes both directions; {@linkcode Inbound.close} must follow. */
  destroy(): void;
  /** Runs `job` soon, after the code that runs now. Default: in a microtask. */
  soon?(job: () => void): void;
  /** Logs an error of a handler. */
  log(line: string): void;
}

/**
 * `open` until the peer's FIN, then `ended`; `closing` after the socket's own `destroy`; `closed` once
 * `onClose` is due.
 */
type InboundState = "open" | "ended" | "closing" | "closed";

/**
 * Calls the handler of one socket. The socket reports each event of its peer here, and passes the
 * calls of `pauseReading` and `resumeReading` on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Inbound, type Socket } from "@x/cogen-wsgi/socket";
 *
 * const inbound = new Inbound({ resumeSource() {}, destroy() {}, log: console.error });
 * const events: string[] = [];
 * inbound.start(() => ({
 *   onData: (bytes) => void events.push(`${bytes.length} bytes`),
 *   onEnd: () => void events.push("end"),
 *   onDrain() {},
 *   onClose() {},
 * }), {} as Socket);
 * inbound.pause();
 * assertEquals(inbound.data(new Uint8Array(5), true), true); // held
 * inbound.end(); // delivers the held bytes first
 * assertEquals(events, ["5 bytes", "end"]);
 * ```
 */
export class Inbound {
  readonly #host: InboundHost;
  #handler: SocketHandler | undefined;
  #state: InboundState = "open";
  /** Between {@linkcode pause} and {@linkcode resume}. */
  #paused = false;
  /** Whether the source was told to stop reading; reset when `resumeSource` is called. */
  #stopped = false;
  /** Whether a delivery of held bytes is planned. */
  #flushDue = false;
  /** The bytes that came while paused, in order; `undefined` if there are none. */
  #held: Uint8Array[] | undefined;
  #heldCostBytes = 0;

  /**
   * Makes the callback side of a socket.
   *
   * @param host The socket.
   * @throws {TypeError} If the socket lacks a method.
   */
  constructor(host: InboundHost) {
    checkMembers("host of Inbound", host, HOST_METHODS, HOST_EXPECTED);
    this.#host = host;
  }

  /**
   * Asks for the handler of this connection. If `open` throws, the socket is destroyed.
   *
   * @param open The function that an adapter's `listen` or `dial` was given.
   * @param socket The socket.
   * @throws {TypeError} If `open` is no function.
   */
  start(open: OpenHandler, socket: Socket): void {
    checkFunction("open of Inbound.start", open, "a function that takes a socket");
    try {
      this.#handler = open(socket);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Whether no more bytes will be delivered: the peer or the socket has ended. */
  get ended(): boolean {
    return this.#state !== "open";
  }

  /**
   * Reports bytes of the peer.
   *
   * @param bytes The bytes, at least one.
   * @param owned Whether the array belongs to this connection; if not, held bytes are copied.
   * @returns `false` if the socket must stop reading until `resumeSource`, because enough is held.
   */
  data(bytes: Uint8Array, owned: boolean): boolean {
    if (this.#state !== "open") return true;
    if (this.#paused || this.#held !== undefined) {
      return this.#hold(owned ? bytes : new Uint8Array(bytes));
    }
    this.#deliver(bytes, owned);
    return true;
  }

  /**
   * The length of an array for the next read, which the handler wants to own; 0 if it wants none.
   *
   * @param most The most bytes of one read.
   */
  nextArrayBytes(most: number): number {
    try {
      const wanted = Math.floor(Math.min(this.#handler?.wantedBytes ?? 0, most));
      return wanted > 0 ? wanted : 0;
    } catch (error) {
      this.#fail(error);
      return 0;
    }
  }

  /** Reports the peer's FIN. Held bytes are delivered at once, also while paused, then `onEnd`. */
  end(): void {
    for (const bytes of this.#takeHeld()) {
      if (this.#state === "open") this.#deliver(bytes, true);
    }
    if (this.#state !== "open") return;
    this.#state = "ended";
    try {
      this.#handler?.onEnd();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Reports that there is room for the handler's writes again. */
  drain(): void {
    if (this.#state !== "open" && this.#state !== "ended") return;
    try {
      this.#handler?.onDrain();
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Begins to close, in the socket's `destroy` or `reset`: the handler gets no event but `onClose`.
   *
   * @returns `false` if closing had begun before, so that a second `destroy` does nothing.
   */
  beginClosing(): boolean {
    if (this.#state === "closing" || this.#state === "closed") return false;
    this.#state = "closing";
    this.#takeHeld();
    return true;
  }

  /**
   * Reports that the connection is closed: `onClose` follows soon. Only the first call has an effect.
   *
   * @param error The network error that broke the connection. Ignored if the socket was destroyed.
   */
  close(error?: Error): void {
    if (this.#state === "closed") return;
    const reported = this.#state === "closing" ? undefined : error;
    this.#state = "closed";
    this.#takeHeld();
    this.#soon(() => {
      // The runtime may keep the socket for a while, but nothing that hangs on its handler.
      const handler = this.#handler;
      this.#handler = undefined;
      try {
        handler?.onClose(reported);
      } catch (failure) {
        this.#log(failure);
      }
    });
  }

  /** Holds bytes back from now on, until {@linkcode resume}. */
  pause(): void {
    this.#paused = true;
  }

  /** Delivers the held bytes soon, then continues reading. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#flushDue || (this.#held === undefined && !this.#stopped)) return;
    this.#flushDue = true;
    this.#soon(() => this.#flush());
  }

  #flush(): void {
    this.#flushDue = false;
    while (!this.#paused && this.#state === "open") {
      const bytes = this.#held?.shift();
      if (bytes === undefined) break;
      if (this.#held?.length === 0) this.#held = undefined;
      this.#heldCostBytes -= bytes.length + CHUNK_COST_BYTES;
      this.#deliver(bytes, true);
    }
    if (this.#paused || !this.#stopped || this.#state !== "open") return;
    this.#stopped = false;
    this.#host.resumeSource();
  }

  #soon(job: () => void): void {
    if (this.#host.soon === BASE.soon) queueMicrotask(job);
    else this.#host.soon?.(job);
  }

  #hold(bytes: Uint8Array): boolean {
    (this.#held ??= []).push(bytes);
    this.#heldCostBytes += bytes.length + CHUNK_COST_BYTES;
    if (this.#heldCostBytes >= MAX_READ_AHEAD_BYTES) this.#stopped = true;
    return !this.#stopped;
  }

  #takeHeld(): readonly Uint8Array[] {
    const held = this.#held ?? NONE;
    this.#held = undefined;
    this.#heldCostBytes = 0;
    return held;
  }

  #deliver(bytes: Uint8Array, owned: boolean): void {
    try {
      this.#handler?.onData(bytes, owned);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#log(error);
    this.#host.destroy();
  }

  #log(error: unknown): void {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#host.log(`A socket handler threw: ${text}`);
  }
}
