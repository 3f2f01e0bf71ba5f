/**
 * The bytes that a connection sends: gathered, then handed to the socket in few writes.
 *
 * Parts wait in order until a flush. Text that follows all other parts is kept as one string,
 * because most responses are only text, and a socket sends one string fastest. A small block of bytes after a
 * text, such as the body after the head, becomes text as well, so the app may change the array at once. A larger
 * block is sent as it is at the flush. While the socket has no room, the output is `full` and keeps everything
 * until `drain`.
 *
 * The connection and its exchange call this, and the response writes through
 * {@linkcode Output.sink}.
 *
 * @module
 */

import { type Operation, operation, type Resume } from "../coroutine/mod.ts";
import { type Adapter, encodeLatin1, type Socket } from "../socket/mod.ts";
import type { AppOutput } from "../wsgi/running/app_context.ts";

/** Parts of at most this size together are joined, because one write is cheaper than two. */
const MAX_JOINED_BYTES = 16_384;
/** Even a corked output flushes once it has this many bytes, which bounds its memory. */
const MAX_CORKED_BYTES = 65_536;
/**
 * Bytes of at most this size become text after a text. A response with such a body takes a tenth to a fifth less
 * CPU on Node and Deno than with a join, and the same on Bun, where larger ones would take more. The body of
 * `fromFetch` on a current Node is of this kind
 * (`npm run bench -- --workload hello --contender fromFetch --runtime currentNode`).
 */
const MAX_TEXT_BYTES = 512;
/** A larger part is handed over in pieces of this size, so that a slow client shows progress. */
const MAX_PIECE_BYTES = 262_144;

/** Bytes to send; a string stands for its latin-1 bytes. */
type Part = Uint8Array | string;

const NONE: Part[] = [];

/** A function that waits until the socket has taken the first `position` bytes of the output. */
interface TakenWaiter {
  readonly position: number;
  readonly done: (taken: boolean) => void;
}

/** The parts of an adapter that an {@linkcode Output} needs. */
export type OutputHost = Pick<Adapter, "clock" | "latin1">;

/** The connection of an {@linkcode Output}. */
export interface OutputOwner {
  /** The bytes that wait can no longer be sent; the connection must be cut. */
  outputBroke(error: unknown): void;
}

/** The output of a connection: an {@linkcode Output}, or a {@linkcode SpentOutput}. */
export type ConnectionOutput = Pick<Output, keyof Output>;

/** The writing side of a connection. */
export class Output implements AppOutput {
  /** {@linkcode write} as a function, for the response. */
  readonly sink = (part: Uint8Array | string): void => this.write(part);
  readonly #socket: Socket;
  readonly #owner: OutputOwner | undefined;
  readonly #host: OutputHost;
  /** The parts before `#tail`; `undefined` if there are none, as between two responses. */
  #parts: Part[] | undefined;
  /** The text that follows the parts. */
  #tail = "";
  /** The number of bytes in `#parts` and `#tail`. */
  #size = 0;
  #corked = false;
  /** Set when the socket has no room; reset by {@linkcode drain}. */
  #full = false;
  /** The time of the write that found no room, by the clock; only valid while `#full`. */
  #fullSince = 0;
  /**
   * `ending` once a FIN must follow the last byte; `closed` when the FIN was sent or the socket is
   * closed. Only an `open` output takes bytes.
   */
  #state: "open" | "ending" | "closed" = "open";
  #waiter: Resume<void> | undefined;
  /**
   * Set when the socket is closed, or when bytes could not be sent: whether it has taken all bytes, and none
   * was written afterwards.
   */
  #wasTaken: boolean | undefined;
  #sentBytes = 0;
  /** In the order of their positions. */
  #takenWaiters: TakenWaiter[] | undefined;

  /**
   * @param socket The socket to write to.
   * @param host The adapter: its clock tells the time of the write that found no room.
   * @param owner Hears of bytes that cannot be sent.
   */
  constructor(socket: Socket, host: OutputHost, owner?: OutputOwner) {
    this.#socket = socket;
    this.#host = host;
    this.#owner = owner;
  }

  /** The number of bytes that the socket has not taken yet. */
  get size(): number {
    return this.#size;
  }

  /** The number of bytes that the socket has taken so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Whether all bytes have been sent, so that their arrays may be used again. */
  get allSent(): boolean {
    return this.#size === 0 && this.#socket.holdsBytes === false;
  }

  /** Whether the socket has no room, because the client reads more slowly than the app writes. */
  get full(): boolean {
    return this.#full;
  }

  /** The time since which the client has taken nothing, by the clock; `Infinity` if not full. */
  get fullSince(): number {
    return this.#full ? this.#fullSince : Infinity;
  }

  /** Adds bytes to the next {@linkcode flush}; a string stands for its latin-1 bytes. */
  write(part: Uint8Array | string): void {
    if (this.#state !== "open" || part.length === 0) {
      if (this.#wasTaken && part.length > 0) this.#wasTaken = false;
      return;
    }
    this.#size += part.length;
    if (typeof part === "string") this.#tail += part;
    else if (part.length <= MAX_TEXT_BYTES && this.#tail !== "") {
      this.#tail += this.#host.latin1(part, 0, part.length);
    } else {
      this.#takeTail();
      (this.#parts ??= []).push(part);
    }
  }

  /**
   * Hands bytes to the socket as long as it has room; {@linkcode drain} hands over the rest. Does
   * nothing while corked.
   */
  flush(): void {
    if (this.#full || this.#size === 0 || this.#corked && this.#size < MAX_CORKED_BYTES) return;
    if (this.#parts === undefined && this.#tail.length <= MAX_PIECE_BYTES) {
      const text = this.#tail;
      this.#tail = "";
      if (this.#send(text)) this.#reportTaken();
      return;
    }
    this.#takeTail();
    if (!this.#isUnchanged()) return;
    const parts = this.#parts;
    if (parts !== undefined && parts.length > 1 && this.#size <= MAX_JOINED_BYTES) {
      this.#parts = [join(parts, this.#size)];
    }
    this.#pump();
  }

  /** Delays flushes until {@linkcode uncork}, so that several responses go in one write. */
  cork(): void {
    this.#corked = true;
  }

  /** Ends {@linkcode cork}. */
  uncork(): void {
    this.#corked = false;
    this.flush();
  }

  /**
   * Hands all bytes to the socket, also without room: it keeps them, and they come before those of the next owner
   * of the socket.
   */
  handOver(): void {
    this.#corked = false;
    this.#pump(false);
  }

  /** Hands over more bytes, since the socket has room again. */
  drain(): void {
    this.#full = false;
    // Now the socket has taken all that it was given, also if the rest fills it again.
    this.#reportTaken();
    this.#pump();
    if (!this.#full) this.#wake();
  }

  /**
   * Calls a function once the socket has taken all bytes that were written so far, perhaps at once.
   *
   * @param done Gets `true`; or `false` if the connection has ended before.
   */
  whenTaken(done: (taken: boolean) => void): void {
    if (this.#wasTaken !== undefined) return done(this.#wasTaken);
    (this.#takenWaiters ??= []).push({ position: this.#sentBytes + this.#size, done });
    this.#reportTaken();
  }

  /** Sends all bytes, then FIN. Takes no more bytes. */
  end(): void {
    if (this.#state !== "open") return;
    this.#corked = false;
    this.#state = "ending";
    this.#pump();
  }

  /**
   * Drops all bytes, since the socket is closed, and resumes the app that waits for room.
   *
   * @param failed Whether the socket closed with an error.
   */
  close(failed = false): void {
    // After the last byte, a FIN was sent. A socket that closes without an error has delivered both.
    const isDelivered = this.#size === 0 && this.#state === "closed" && !failed;
    if (isDelivered) this.#full = false;
    this.#reportTaken();
    this.#wasTaken ??= this.#size === 0 && !this.#full;
    this.#state = "closed";
    this.#parts = undefined;
    this.#tail = "";
    this.#size = 0;
    this.#full = false;
    this.#wake();
    const waiters = this.#takenWaiters ?? [];
    this.#takenWaiters = undefined;
    for (const { done } of waiters) done(false);
  }

  /** Waits until the socket has room. */
  drained(): Operation<void> {
    return operation((resume) => {
      if (!this.#full) return resume.value();
      this.#waiter = resume;
      return () => void (this.#waiter = undefined);
    }, "drain");
  }

  #takeTail(): void {
    if (this.#tail === "") return;
    (this.#parts ??= []).push(this.#tail);
    this.#tail = "";
  }

  /**
   * Whether the arrays that wait still have the lengths with which they were written. An app may resize or
   * transfer the buffer of a block that it has given; then nothing more can be sent.
   */
  #isUnchanged(): boolean {
    let size = 0;
    for (const part of this.#parts ?? NONE) size += part.length;
    if (size === this.#size) return true;
    this.#breakOff(
      new TypeError(
        "A block of the app was resized or transferred before it was sent: yield a copy",
      ),
    );
    return false;
  }

  /** Drops all bytes, since a part of them cannot be sent: the rest would be taken for another message. */
  #breakOff(error: unknown): void {
    this.#parts = undefined;
    this.#size = 0;
    this.#wasTaken = false;
    this.#state = "closed";
    this.#owner?.outputBroke(error);
  }

  /** @param needsRoom Whether to stop when the socket has no room. */
  #pump(needsRoom = true): void {
    this.#takeTail();
    if (!this.#isUnchanged()) return;
    const parts = this.#parts ?? NONE;
    let sent = 0;
    while (!(needsRoom && this.#full) && sent < parts.length) {
      const part = parts[sent] as Part;
      if (part.length <= MAX_PIECE_BYTES) {
        sent++;
        if (!this.#send(part)) return;
      } else {
        parts[sent] = cut(part, MAX_PIECE_BYTES, part.length);
        if (!this.#send(cut(part, 0, MAX_PIECE_BYTES))) return;
      }
    }
    if (sent === parts.length) this.#parts = undefined;
    else if (sent > 0) parts.splice(0, sent);
    this.#reportTaken();
    if (this.#size === 0 && this.#state === "ending") {
      this.#state = "closed";
      this.#socket.endWrite();
    }
  }

  #reportTaken(): void {
    const waiters = this.#takenWaiters;
    if (waiters === undefined || this.#full || this.#wasTaken === false) return;
    for (let first; (first = waiters.at(0)) !== undefined && first.position <= this.#sentBytes;) {
      waiters.shift();
      first.done(true);
    }
  }

  /**
   * Hands a piece to the socket. Returns `false` if the socket has thrown: it breaks its promise, and the
   * bytes behind the piece must not be sent without it.
   */
  #send(piece: Uint8Array | string): boolean {
    // The socket may transfer the buffer of the piece, whose length is then 0.
    const { length } = piece;
    this.#size -= length;
    this.#sentBytes += length;
    let hasRoom: boolean;
    try {
      hasRoom = this.#socket.write(piece);
    } catch (error) {
      this.#size += length;
      this.#sentBytes -= length;
      this.#breakOff(error);
      return false;
    }
    if (!hasRoom) {
      this.#full = true;
      this.#fullSince = this.#host.clock.now();
    }
    return true;
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.value();
  }
}

const dropBytes = (): void => {};

/**
 * The output of a connection whose socket an app has taken, once all bytes before have gone. Nothing more is
 * written, so this object keeps their number alone.
 */
export class SpentOutput implements ConnectionOutput {
  static #last: SpentOutput | undefined;

  readonly sentBytes: number;

  private constructor(sentBytes: number) {
    this.sentBytes = sentBytes;
  }

  /**
   * Gives the output of a connection. Most connections have sent as much as the one before, and share the object.
   *
   * @param sentBytes The number of bytes that the socket has taken.
   */
  static of(sentBytes: number): SpentOutput {
    const last = SpentOutput.#last;
    return last?.sentBytes === sentBytes ? last : SpentOutput.#last = new SpentOutput(sentBytes);
  }

  get sink(): (part: Uint8Array | string) => void {
    return dropBytes;
  }

  get size(): number {
    return 0;
  }

  get allSent(): boolean {
    return true;
  }

  get full(): boolean {
    return false;
  }

  get fullSince(): number {
    return Infinity;
  }

  write(): void {}

  flush(): void {}

  cork(): void {}

  uncork(): void {}

  handOver(): void {}

  drain(): void {}

  end(): void {}

  close(): void {}

  whenTaken(done: (taken: boolean) => void): void {
    done(true);
  }

  drained(): Operation<void> {
    return operation((resume) => resume.value(), "drain");
  }
}

function cut(part: Uint8Array | string, start: number, end: number): Uint8Array | string {
  return typeof part === "string" ? part.slice(start, end) : part.subarray(start, end);
}

function join(parts: readonly (Uint8Array | string)[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") encodeLatin1(part, bytes, at);
    else bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
