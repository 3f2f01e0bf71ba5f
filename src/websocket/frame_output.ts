/**
 * The frames that a connection sends: gathered, then handed to the socket in few writes.
 *
 * All frames of one turn of the scheduler leave in one write: answers to all messages of one read, and all
 * messages that were published meanwhile. While the socket has no room, the frames wait here; the connection
 * bounds them.
 *
 * `connection.ts` calls this.
 *
 * @module
 */

import { type ByteSocket, joinBytes } from "../socket/mod.ts";

/** This many gathered bytes are handed over at once. */
const MAX_GATHERED_BYTES = 65_536;
/** A larger frame is handed over in pieces of this size, so that a slow client shows progress. */
const MAX_PIECE_BYTES = 262_144;
/** Frames of at most this size are joined, as a copy is cheaper than a write. */
const MAX_JOINED_BYTES = 16_384;

/** The writing side of a connection. */
export class FrameOutput {
  readonly #socket: ByteSocket;
  /** The frames that the socket has not taken, in order. */
  #frames: Uint8Array[] = [];
  #size = 0;
  #isFull = false;
  /** Whether a flush is planned. */
  #isDue = false;
  /** `ending` once a FIN follows the last frame; `closed` when it was sent, or the socket is gone. */
  #state: "open" | "ending" | "closed" = "open";

  /** @param socket The socket to write to. */
  constructor(socket: ByteSocket) {
    this.#socket = socket;
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
  write(frame: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#frames.push(frame);
    this.#size += frame.length;
    if (this.#size >= MAX_GATHERED_BYTES) return this.flush();
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.flush();
    });
  }

  /** Hands frames to the socket, as long as it has room. */
  flush(): void {
    while (!this.#isFull && this.#frames.length > 0) this.#writeNext();
    if (this.#frames.length > 0 || this.#state !== "ending") return;
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
    this.#frames = [];
    this.#size = 0;
    this.#isFull = false;
  }

  /** Writes one piece: a part of a large frame, or small frames joined. */
  #writeNext(): void {
    const frames = this.#frames;
    const first = frames[0] as Uint8Array;
    let piece = first;
    if (first.length > MAX_PIECE_BYTES) {
      piece = first.subarray(0, MAX_PIECE_BYTES);
      frames[0] = first.subarray(MAX_PIECE_BYTES);
    } else {
      let count = 1;
      let length = first.length;
      for (let next; (next = frames[count]) !== undefined; count++) {
        if (length + next.length > MAX_JOINED_BYTES) break;
        length += next.length;
      }
      if (count > 1) piece = joinBytes(frames.slice(0, count));
      if (count === frames.length) this.#frames = [];
      else frames.splice(0, count);
    }
    this.#size -= piece.length;
    if (!this.#socket.write(piece)) this.#isFull = true;
  }
}
