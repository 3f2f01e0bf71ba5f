/**
 * What a connection has to say: gathered, then handed to the socket in as few writes as can be.
 *
 * @module
 */

import { type Clock, type Operation, operation, type Resume } from "../coroutine/mod.ts";
import type { Socket } from "../socket/mod.ts";

/** Up to this many bytes, strings and byte arrays are joined, as one write is cheaper than two. */
const JOIN_LIMIT = 16_384;
/** Even while corked, no more than this is gathered, in bytes. */
const CORK_LIMIT = 65_536;
/** A larger part is handed over in pieces of this size, so that a slow client shows progress. */
const PIECE = 262_144;

/** The writing side of a connection. */
export class Output {
  /** {@linkcode write}, for those who take a function. */
  readonly sink = (part: Uint8Array | string): void => this.write(part);
  readonly #socket: Socket;
  readonly #clock: Clock;
  #parts: (Uint8Array | string)[] = [];
  /** Text that follows the parts: a response is often nothing else. */
  #tail = "";
  #size = 0;
  #corked = false;
  #full = false;
  #fullSince = 0;
  /** `ending`: FIN when all has gone. After that, and when the socket is gone, nothing is taken. */
  #state: "open" | "ending" | "closed" = "open";
  #waiter: Resume<void> | undefined;

  /**
   * @param socket Where it all goes.
   * @param clock Tells since when the client takes nothing.
   */
  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** How many bytes have not been handed to the socket. */
  get size(): number {
    return this.#size;
  }

  /** Whether all that was written has gone, and the arrays it was in may be used again. */
  get gone(): boolean {
    return this.#size === 0 && this.#socket.holdsBytes === false;
  }

  /** Whether the client reads more slowly than we write. */
  get full(): boolean {
    return this.#full;
  }

  /** Since when the client has taken nothing although there is something; else `Infinity`. */
  get fullSince(): number {
    return this.#full ? this.#fullSince : Infinity;
  }

  /** Adds bytes to the next {@linkcode flush}; a string stands for its latin-1 bytes. */
  write(part: Uint8Array | string): void {
    if (this.#state !== "open" || part.length === 0) return;
    this.#size += part.length;
    if (typeof part === "string") this.#tail += part;
    else {
      this.#takeTail();
      this.#parts.push(part);
    }
  }

  /** Hands over what the socket has room for now, the rest as it drains; if corked, later. */
  flush(): void {
    if (this.#full || this.#size === 0 || this.#corked && this.#size < CORK_LIMIT) return;
    if (this.#parts.length === 0 && this.#tail.length <= PIECE) {
      const text = this.#tail;
      this.#tail = "";
      return this.#send(text);
    }
    this.#takeTail();
    if (this.#parts.length > 1 && this.#size <= JOIN_LIMIT) {
      this.#parts = [join(this.#parts, this.#size)];
    }
    this.#pump();
  }

  /** Lets flushes gather: several responses are about to be made. */
  cork(): void {
    this.#corked = true;
  }

  /** Ends {@linkcode cork}. */
  uncork(): void {
    this.#corked = false;
    this.flush();
  }

  /** The socket has room again. */
  drain(): void {
    this.#full = false;
    this.#pump();
    if (!this.#full) this.#wake();
  }

  /** Sends all there is, then FIN. */
  end(): void {
    if (this.#state !== "open") return;
    this.#corked = false;
    this.#state = "ending";
    this.#pump();
  }

  /** The socket is gone: nothing is full any more, and nothing is kept. */
  close(): void {
    this.#state = "closed";
    this.#parts = [];
    this.#tail = "";
    this.#size = 0;
    this.#full = false;
    this.#wake();
  }

  /** Waits until there is room. */
  drained(): Operation<void> {
    return operation((resume) => {
      if (!this.#full) return resume.value();
      this.#waiter = resume;
      return () => void (this.#waiter = undefined);
    }, "drain");
  }

  #takeTail(): void {
    if (this.#tail === "") return;
    this.#parts.push(this.#tail);
    this.#tail = "";
  }

  #pump(): void {
    this.#takeTail();
    const parts = this.#parts;
    let sent = 0;
    while (!this.#full && sent < parts.length) {
      const part = parts[sent] as Uint8Array | string;
      if (part.length <= PIECE) sent++;
      else parts[sent] = typeof part === "string" ? part.slice(PIECE) : part.subarray(PIECE);
      this.#send(part.length <= PIECE ? part : head(part));
    }
    if (sent === parts.length) this.#parts = [];
    else if (sent > 0) parts.splice(0, sent);
    if (this.#size === 0 && this.#state === "ending") {
      this.#state = "closed";
      this.#socket.endWrite();
    }
  }

  #send(piece: Uint8Array | string): void {
    this.#size -= piece.length;
    if (this.#socket.write(piece)) return;
    this.#full = true;
    this.#fullSince = this.#clock.now();
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.value();
  }
}

function head(part: Uint8Array | string): Uint8Array | string {
  return typeof part === "string" ? part.slice(0, PIECE) : part.subarray(0, PIECE);
}

function join(parts: readonly (Uint8Array | string)[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") {
      for (let i = 0; i < part.length; i++) bytes[at + i] = part.charCodeAt(i);
    } else bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
