/**
 * The callback side of a socket, the same for every adapter: what comes from the peer is told to
 * the handler in order, held back while reading is paused, and closed exactly once.
 *
 * Two rules keep a connection easy to reason about. No callback runs inside a call of the handler's
 * own (resuming and destroying are answered a little later), and a handler that throws costs its
 * connection, never the process.
 *
 * @module
 */

import type { Socket, SocketHandler } from "./socket.ts";

/**
 * How much a paused socket reads ahead, in bytes. Enough to see the end of a peer that sent a
 * request and left; small beside what the kernel holds anyway.
 */
export const READ_AHEAD: number = 64 * 1024;

/**
 * How often a socket that has stopped reading should look whether its peer has reset, in
 * milliseconds, on a runtime that does not tell by itself. To write no bytes at all does it: the
 * kernel sends nothing, but reports what has happened. A client that is gone is to be noticed within
 * a tenth of a second, this one too.
 */
export const PROBE_INTERVAL: number = 75;

/** What a held chunk costs beside its bytes, so that a flood of tiny chunks is bounded too. */
const CHUNK_COST = 128;

/** Takes a new socket and gives back who is told of what happens to it. */
export type OpenHandler = (socket: Socket) => SocketHandler;

/** What {@linkcode Inbound} needs of the socket it stands in. */
export interface InboundHost {
  /** Reads on, after {@linkcode Inbound.data} said to stop. */
  resumeSource(): void;
  /** Closes both directions; {@linkcode Inbound.close} follows. */
  destroy(): void;
  /** Runs `job` soon, after the code that runs now. Default: in a microtask. */
  soon?(job: () => void): void;
  /** Where a handler's error goes. */
  log(line: string): void;
}

/** `open` until the peer's FIN, `closing` after our own `destroy`, `closed` once `onClose` is due. */
type Phase = "open" | "ended" | "closing" | "closed";

/**
 * Tells one handler what one peer does.
 *
 * @example
 * ```ts ignore
 * const inbound = new Inbound(host);
 * inbound.accept(accept, socket);
 * if (!inbound.data(bytes, true)) stopReading();
 * ```
 */
export class Inbound {
  readonly #host: InboundHost;
  #handler: SocketHandler | undefined;
  #phase: Phase = "open";
  #paused = false;
  #stopped = false;
  #flushDue = false;
  #held: Uint8Array[] = [];
  #heldCost = 0;

  /** @param host The socket that this stands in. */
  constructor(host: InboundHost) {
    this.#host = host;
  }

  /**
   * Asks who is to be told of this connection; if that throws, the connection is refused.
   *
   * @param accept What the adapter's `listen` was given.
   * @param socket The socket that this stands in.
   */
  accept(accept: OpenHandler, socket: Socket): void {
    try {
      this.#handler = accept(socket);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Whether nothing more will come: the peer has ended or gone, or we have. */
  get ended(): boolean {
    return this.#phase !== "open";
  }

  /**
   * Bytes have come from the peer.
   *
   * @param bytes The bytes, at least one.
   * @param ours Whether they may be kept; if not, what must be held is copied.
   * @returns `false` to stop reading until `resumeSource`: enough is held.
   */
  data(bytes: Uint8Array, ours: boolean): boolean {
    if (this.#phase !== "open") return true;
    if (this.#paused || this.#held.length > 0) {
      return this.#hold(ours ? bytes : new Uint8Array(bytes));
    }
    this.#tell(bytes);
    return true;
  }

  /** The peer has sent its FIN: what was held is delivered at once, then `onEnd`. */
  end(): void {
    for (const bytes of this.#takeHeld()) {
      if (this.#phase === "open") this.#tell(bytes);
    }
    if (this.#phase !== "open") return;
    this.#phase = "ended";
    try {
      this.#handler?.onEnd();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** There is room again for what the handler writes. */
  drain(): void {
    if (this.#phase !== "open" && this.#phase !== "ended") return;
    try {
      this.#handler?.onDrain();
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * The handler has destroyed its socket: it hears no more but `onClose`.
   *
   * @returns `false` if it already was, so that repeating it does nothing.
   */
  closing(): boolean {
    if (this.#phase === "closing" || this.#phase === "closed") return false;
    this.#phase = "closing";
    this.#takeHeld();
    return true;
  }

  /**
   * The connection is gone. Only the first call counts.
   *
   * @param error What broke it; of no interest if we destroyed it ourselves.
   */
  close(error?: Error): void {
    if (this.#phase === "closed") return;
    const told = this.#phase === "closing" ? undefined : error;
    this.#phase = "closed";
    this.#takeHeld();
    this.#soon(() => {
      try {
        this.#handler?.onClose(told);
      } catch (failure) {
        this.#report(failure);
      }
    });
  }

  /** Holds back what comes, until {@linkcode resume}. */
  pause(): void {
    this.#paused = true;
  }

  /** Delivers what was held, soon, and then reads on. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#flushDue || (this.#held.length === 0 && !this.#stopped)) return;
    this.#flushDue = true;
    this.#soon(() => this.#flush());
  }

  #flush(): void {
    this.#flushDue = false;
    while (!this.#paused && this.#phase === "open") {
      const bytes = this.#held.shift();
      if (bytes === undefined) break;
      this.#heldCost -= bytes.length + CHUNK_COST;
      this.#tell(bytes);
    }
    if (this.#paused || !this.#stopped || this.#phase !== "open") return;
    this.#stopped = false;
    this.#host.resumeSource();
  }

  #soon(job: () => void): void {
    if (this.#host.soon === undefined) queueMicrotask(job);
    else this.#host.soon(job);
  }

  #hold(bytes: Uint8Array): boolean {
    this.#held.push(bytes);
    this.#heldCost += bytes.length + CHUNK_COST;
    if (this.#heldCost >= READ_AHEAD) this.#stopped = true;
    return !this.#stopped;
  }

  #takeHeld(): readonly Uint8Array[] {
    const held = this.#held;
    this.#held = [];
    this.#heldCost = 0;
    return held;
  }

  #tell(bytes: Uint8Array): void {
    try {
      this.#handler?.onData(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#report(error);
    this.#host.destroy();
  }

  #report(error: unknown): void {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#host.log(`A socket handler threw: ${text}`);
  }
}
