/**
 * The bytes of a connection that have arrived and were not read yet.
 *
 * Pieces are kept as they arrive and joined only when bytes are taken. The search for a line feed
 * remembers its progress, so that no byte is searched twice. `StreamConnection` calls this.
 *
 * @module
 */

/** A first-in, first-out queue of bytes. */
export class ReceiveBuffer {
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  /** The number of bytes in all pieces. */
  #size = 0;
  /** The number of bytes from the beginning that hold no line feed. */
  #searched = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * Adds a copy of the bytes. The copy is made with the constructor, because `slice` of a Node
   * `Buffer` is a view.
   */
  push(bytes: Uint8Array): void {
    this.#pieces.push(new Uint8Array(bytes));
    this.#size += bytes.length;
  }

  /** Takes out the first `count` bytes, or all if there are fewer. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(Math.min(count, this.#size));
    let filled = 0;
    let used = 0;
    for (; filled < taken.length; used++) {
      const piece = this.#pieces[used] as Uint8Array<ArrayBuffer>;
      const part = piece.subarray(0, taken.length - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) continue;
      this.#pieces[used] = piece.subarray(part.length);
      break;
    }
    this.#pieces.splice(0, used);
    this.#size -= filled;
    this.#searched = Math.max(0, this.#searched - filled);
    return taken;
  }

  /** The length of the first line with its line feed; 0 if no line is complete. */
  lineLength(): number {
    let begin = 0;
    for (const piece of this.#pieces) {
      const end = begin + piece.length;
      if (end > this.#searched) {
        const found = piece.indexOf(LINE_FEED, Math.max(0, this.#searched - begin));
        if (found >= 0) return begin + found + 1;
        this.#searched = end;
      }
      begin = end;
    }
    return 0;
  }
}

const LINE_FEED = 10;
