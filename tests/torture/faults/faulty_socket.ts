/**
 * A socket with one planned fault: around any socket of any adapter, at any byte of either direction.
 *
 * The engine is the handler of this socket, and this socket is the handler of the inner one. All events for
 * the engine go through an `Inbound`, so this socket keeps the promises of `socket.ts`, also while it fails.
 *
 * `faulty_adapter.ts` makes these sockets.
 *
 * @module
 */

import {
  type Adapter,
  type Address,
  Inbound,
  latin1Bytes,
  type OpenHandler,
  type Socket,
  type SocketHandler,
} from "../../../src/socket/mod.ts";

/**
 * The effects of a fault:
 *
 * - `split`: the bytes before and after the place travel in two pieces, a turn apart; a write is partial;
 * - `bytewise`: from the place on, each byte travels alone;
 * - `late`: the bytes after the place come five seconds later;
 * - `stall`: no byte after the place ever comes;
 * - `end`: the end of the client's direction arrives;
 * - `reset`: the connection breaks with an error;
 * - `throw`: each write from the place on throws an error;
 * - `leap`: the clock jumps by an hour.
 */
export const EFFECTS = [
  ...["split", "bytewise", "late", "stall", "end", "reset", "throw", "leap"] as const,
];

/** One fault: its direction, the byte at which it happens, and its effect. */
export interface Fault {
  /** `in` counts the bytes that the client sends, `out` those that the server writes. */
  readonly side: "in" | "out";
  readonly at: number;
  readonly effect: typeof EFFECTS[number];
}

/** The members of an adapter that a faulty socket needs, and the jump of its clock. */
export interface FaultyHost {
  readonly clock: Adapter["clock"];
  log(line: string): void;
  leap(): void;
}

/** The delay of the effect `late`, in milliseconds. */
export const LATE_MS = 5000;

/** The error of the effects `reset` and `throw`. */
export class InjectedFault extends Error {
  override readonly name = "InjectedFault";
}

/** The bytes of one direction that the fault holds back. */
class Held {
  readonly pieces: Uint8Array[] = [];
  /** Whether the end of the direction follows the pieces. */
  hasEnd = false;
  /** `open`: nothing is held back; `due`: a later turn lets the pieces go; `stalled`: nothing does. */
  state: "open" | "due" | "stalled" = "open";
}

/** A socket with one planned fault. */
export class FaultySocket implements Socket, SocketHandler {
  readonly remote: Address;
  readonly local: Address;
  readonly encrypted: boolean;
  readonly #host: FaultyHost;
  readonly #inner: Socket;
  readonly #fault: Fault | undefined;
  readonly #inbound: Inbound;
  readonly #in = new Held();
  readonly #out = new Held();
  #inBytes = 0;
  #outBytes = 0;
  /** Whether the fault has begun. */
  #hasBegun = false;
  /** Set by a `write` that returned `false`; reset by the drain that follows. */
  #drainDue = false;
  #isClosed = false;
  readonly #timers = new Set<() => void>();

  constructor(host: FaultyHost, inner: Socket, fault: Fault | undefined) {
    this.#host = host;
    this.#inner = inner;
    this.#fault = fault;
    this.remote = inner.remote;
    this.local = inner.local;
    this.encrypted = inner.encrypted;
    this.#inbound = new Inbound({
      resumeSource: () => inner.resumeReading(),
      destroy: () => this.destroy(),
      soon: (job) => host.clock.defer(job),
      log: (line) => host.log(line),
    });
  }

  /** Asks the engine for its handler. */
  start(open: OpenHandler): void {
    this.#inbound.start(open, this);
  }

  get holdsBytes(): boolean {
    return this.#out.pieces.length > 0 || this.#inner.holdsBytes !== false;
  }

  write(data: Uint8Array | string): boolean {
    if (this.#isClosed || data.length === 0) return true;
    const bytes = typeof data === "string" ? latin1Bytes(data) : data;
    const before = this.#outBytes;
    if (this.#meets("out", before, bytes.length) && this.#fault?.effect === "throw") {
      this.#hasBegun = true;
      throw new InjectedFault("The write failed");
    }
    this.#outBytes += bytes.length;
    const hasRoom = this.#pass("out", before, bytes);
    this.#drainDue ||= !hasRoom;
    return hasRoom;
  }

  endWrite(): void {
    if (this.#out.state === "open") this.#inner.endWrite();
    else this.#out.hasEnd = true;
  }

  destroy(): void {
    this.#close(() => this.#inner.destroy());
  }

  reset(): void {
    this.#close(() => this.#cutInner());
  }

  pauseReading(): void {
    this.#inbound.pause();
  }

  resumeReading(): void {
    this.#inbound.resume();
  }

  onData(bytes: Uint8Array): void {
    const before = this.#inBytes;
    this.#inBytes += bytes.length;
    this.#pass("in", before, new Uint8Array(bytes));
  }

  onEnd(): void {
    if (this.#in.state === "open") this.#inbound.end();
    else this.#in.hasEnd = true;
  }

  onDrain(): void {
    if (this.#out.state === "open") this.#drain();
  }

  onClose(error?: Error): void {
    this.#isClosed = true;
    this.#forget();
    this.#inbound.close(error);
  }

  /** Whether the fault begins within the next bytes of a direction. */
  #meets(side: Fault["side"], before: number, length: number): boolean {
    const fault = this.#fault;
    return fault !== undefined && fault.side === side && !this.#hasBegun &&
      before + length >= fault.at;
  }

  /** Passes bytes on, up to the fault. Returns whether the direction has room. */
  #pass(side: Fault["side"], before: number, bytes: Uint8Array): boolean {
    const held = side === "in" ? this.#in : this.#out;
    if (held.state !== "open") {
      held.pieces.push(bytes);
      return false;
    }
    if (!this.#meets(side, before, bytes.length)) return this.#carry(side, bytes);
    const { at } = this.#fault as Fault;
    const first = bytes.subarray(0, at - before);
    const rest = bytes.subarray(at - before);
    const hasRoom = first.length === 0 || this.#carry(side, first);
    this.#begin(side, rest);
    if (rest.length === 0 && held.state === "open") return hasRoom;
    return held.state === "open" && !this.#isClosed ? this.#carry(side, rest) : false;
  }

  /** Begins the fault. `rest` are the bytes behind its place. */
  #begin(side: Fault["side"], rest: Uint8Array): void {
    this.#hasBegun = true;
    const held = side === "in" ? this.#in : this.#out;
    const { clock } = this.#host;
    switch (this.#fault?.effect) {
      case "split":
      case "bytewise":
      case "late":
        held.state = "due";
        if (rest.length > 0) held.pieces.push(rest);
        return this.#plan(side, this.#fault.effect === "late" ? LATE_MS : 0);
      case "stall":
        held.state = "stalled";
        return;
      case "end":
        // No callback may run inside a call of the socket's methods.
        this.#in.state = "stalled";
        return clock.defer(() => this.#inbound.end());
      case "reset":
        held.state = "stalled";
        return clock.defer(() => {
          if (this.#isClosed) return;
          this.#isClosed = true;
          this.#forget();
          this.#inbound.close(new InjectedFault("The connection was reset"));
          this.#cutInner();
        });
      case "leap":
        this.#host.leap();
    }
  }

  /** Plans the turn that lets the held bytes of a direction go. */
  #plan(side: Fault["side"], delayMs: number): void {
    const { clock } = this.#host;
    if (delayMs === 0) return clock.defer(() => this.#release(side));
    const cancel = clock.setTimer(delayMs, () => {
      this.#timers.delete(cancel);
      this.#release(side);
    });
    this.#timers.add(cancel);
  }

  #release(side: Fault["side"]): void {
    const held = side === "in" ? this.#in : this.#out;
    if (this.#isClosed || held.state !== "due") return;
    const isBytewise = this.#fault?.effect === "bytewise";
    const pieces = held.pieces.splice(0);
    for (const [index, piece] of pieces.entries()) {
      const rest = isBytewise ? piece.subarray(1) : piece.subarray(piece.length);
      this.#carry(side, isBytewise ? piece.subarray(0, 1) : piece);
      if (this.#isClosed) return;
      if (!isBytewise) continue;
      held.pieces.unshift(...(rest.length > 0 ? [rest] : []), ...pieces.slice(index + 1));
      break;
    }
    if (held.pieces.length > 0) return this.#plan(side, 0);
    held.state = "open";
    if (side === "out") {
      if (held.hasEnd) this.#inner.endWrite();
      this.#drain();
    } else if (held.hasEnd) this.#inbound.end();
  }

  /** Moves bytes to the other side at once. Returns whether there is room for more. */
  #carry(side: Fault["side"], bytes: Uint8Array): boolean {
    if (side === "out") return this.#inner.write(bytes);
    const goesOn = this.#inbound.data(bytes, true);
    if (!goesOn) this.#inner.pauseReading();
    return goesOn;
  }

  #cutInner(): void {
    if (this.#inner.reset === undefined) this.#inner.destroy();
    else this.#inner.reset();
  }

  #drain(): void {
    if (!this.#drainDue) return;
    this.#drainDue = false;
    this.#inbound.drain();
  }

  #close(cut: () => void): void {
    if (!this.#inbound.beginClosing()) return;
    this.#isClosed = true;
    this.#forget();
    cut();
    this.#inbound.close();
  }

  #forget(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#in.pieces.length = this.#out.pieces.length = 0;
  }
}
