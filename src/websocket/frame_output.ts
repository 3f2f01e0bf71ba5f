/**
 * The frames that a connection sends: gathered, then handed to the socket in few writes.
 *
 * All frames of one turn of the scheduler leave in one write: answers to all messages of one read, and all
 * messages that were published meanwhile. A frame of short ASCII text is a string, because a socket sends one
 * string fastest, and the strings of a turn are joined without a copy. While the socket has no room, the frames
 * wait here; the connection bounds them.
 *
 * `message_output.ts` extends this for the connection.
 *
 * @module
 */

import { type ByteSocket, encodeLatin1 } from "../socket/mod.ts";

/** A frame: bytes, or a string that stands for its latin-1 bytes. */
export type Frame = Uint8Array | string;

/** This many gathered bytes are handed over at once. */
const MAX_GATHERED_BYTES = 65_536;
/** A larger frame is handed over in pieces of this size, so that a slow client shows progress. */
const MAX_PIECE_BYTES = 262_144;
/** Frames of at most this size together are joined, as a copy is cheaper than a write. */
const MAX_JOINED_BYTES = 16_384;

/** The outputs that have got frames in this turn. One microtask flushes all of them. */
let due: FrameOutput[] = [];
/** `settled.then` is cheaper than `queueMicrotask`, which keeps records of each call on Node. */
const settled = Promise.resolve();

function flushDue(): void {
  const outputs = due;
  due = [];
  for (const output of outputs) output.flushDue();
}

/** The connection of an output. */
export interface OutputOwner {
  /** The socket has thrown at the end of a turn: the connection must end. It must not throw. */
  outputBroke(error: unknown): void;
}

/** The writing side of a connection. */
export class FrameOutput {
  readonly #socket: ByteSocket;
  readonly #owner: OutputOwner;
  /** The frames that the socket has not taken, in order; `undefined` if there are none. */
  #frames: Frame[] | undefined;
  /** The strings that follow the frames. */
  #tail = "";
  /** The number of bytes in `#frames` and `#tail`. */
  #size = 0;
  #isFull = false;
  /** Whether a flush is planned. */
  #isDue = false;
  /** `ending` once a FIN follows the last frame; `closed` when it was sent, or the socket is gone. */
  #state: "open" | "ending" | "closed" = "open";

  /**
   * @param socket The socket to write to.
   * @param owner Hears of an error of the socket that no call of the app can throw.
   */
  constructor(socket: ByteSocket, owner: OutputOwner) {
    this.#socket = socket;
    this.#owner = owner;
  }

  /** The number of bytes that the socket has not taken yet. */
  get size(): number {
    return this.#size;
  }

  /** Whether the socket has no room, because the client reads more slowly than the app sends. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Adds a frame. It leaves with the next {@linkcode flush}, at the latest at the end of the turn. */
  write(frame: Frame): void {
    if (this.#state !== "open") return;
    this.#size += frame.length;
    if (typeof frame === "string") this.#tail += frame;
    else {
      this.#takeTail();
      (this.#frames ??= []).push(frame);
    }
    if (this.#size >= MAX_GATHERED_BYTES) return this.flush();
    if (this.#isDue) return;
    this.#isDue = true;
    if (due.push(this) === 1) void settled.then(flushDue);
  }

  /** Flushes at the end of a turn. */
  flushDue(): void {
    this.#isDue = false;
    try {
      this.flush();
    } catch (error) {
      this.#owner.outputBroke(error);
    }
  }

  /** Hands frames to the socket, as long as it has room. */
  flush(): void {
    if (this.#size === 0 && this.#state !== "ending") return;
    if (!this.#isFull && this.#frames === undefined && this.#tail !== "") {
      const text = this.#tail;
      this.#tail = "";
      this.#send(text);
    }
    this.#takeTail();
    while (!this.#isFull && this.#frames !== undefined) this.#send(this.#nextPiece(this.#frames));
    if (this.#size > 0 || this.#state !== "ending") return;
    this.#state = "closed";
    this.#socket.endWrite();
  }

  /** Goes on, since the socket has room again. */
  drain(): void {
    this.#isFull = false;
    this.flush();
  }

  /** Sends a FIN after all frames. Takes no more frames. */
  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.flush();
  }

  /** Drops all frames, since the socket is gone. */
  close(): void {
    this.#state = "closed";
    this.#frames = undefined;
    this.#tail = "";
    this.#size = 0;
    this.#isFull = false;
  }

  #takeTail(): void {
    if (this.#tail === "") return;
    (this.#frames ??= []).push(this.#tail);
    this.#tail = "";
  }

  /** Takes a part of a large frame, or small frames joined. */
  #nextPiece(frames: Frame[]): Frame {
    const first = frames[0] as Frame;
    if (typeof first !== "string" && first.length > MAX_PIECE_BYTES) {
      frames[0] = first.subarray(MAX_PIECE_BYTES);
      return first.subarray(0, MAX_PIECE_BYTES);
    }
    let count = 1;
    let length = first.length;
    for (let next; (next = frames[count]) !== undefined; count++) {
      if (length + next.length > MAX_JOINED_BYTES) break;
      length += next.length;
    }
    const piece = count === 1 ? first : joined(frames, count, length);
    if (count === frames.length) this.#frames = undefined;
    else frames.splice(0, count);
    return piece;
  }

  #send(piece: Frame): void {
    this.#size -= piece.length;
    if (!this.#socket.write(piece)) this.#isFull = true;
  }
}

function joined(frames: readonly Frame[], count: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (let index = 0; index < count; index++) {
    const frame = frames[index] as Frame;
    if (typeof frame === "string") encodeLatin1(frame, bytes, at);
    else bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}
