/**
 * A request body that is wholly in memory, read without waiting.
 *
 * @module
 */

import { optionError } from "../../coroutine/mod.ts";
import { lineHint, NEWLINE, readSize } from "./read_arguments.ts";

/** `wsgi.input` behind {@linkcode syncInput}: a file in memory, as in Python. */
export class BufferedInput implements Iterable<Uint8Array<ArrayBuffer>> {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** The index of the next byte to read. */
  #position = 0;

  /**
   * Reads from the beginning.
   *
   * @param bytes The body.
   * @throws {TypeError} If the body is no array of bytes.
   */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    if (!ArrayBuffer.isView(bytes)) {
      throw optionError("bytes of BufferedInput", bytes, "a Uint8Array");
    }
    this.#bytes = bytes;
  }

  /**
   * Reads `size` bytes, fewer only at the end of the body; without `size`, or with -1, all that is left.
   *
   * @throws {RangeError} If `size` is not a whole number, -1 or more.
   */
  read(size?: number | null): Uint8Array<ArrayBuffer> {
    const start = this.#position;
    this.#position = Math.min(this.#bytes.length, start + readSize(size));
    return this.#bytes.subarray(start, this.#position);
  }

  /** Reads a line with its newline, at most `limit` bytes of it; empty at the end of the body. */
  readline(limit?: number | null): Uint8Array<ArrayBuffer> {
    const newline = this.#bytes.indexOf(NEWLINE, this.#position);
    const end = newline < 0 ? this.#bytes.length : newline + 1;
    return this.read(Math.min(readSize(limit), end - this.#position));
  }

  /** Reads all lines, or lines until they have at least `hint` bytes. */
  readlines(hint?: number | null): Uint8Array<ArrayBuffer>[] {
    const enough = lineHint(hint);
    const lines: Uint8Array<ArrayBuffer>[] = [];
    for (let size = 0; size < enough;) {
      const line = this.readline();
      if (line.length === 0) break;
      lines.push(line);
      size += line.length;
    }
    return lines;
  }

  /** Iterates over the lines that are left. */
  *[Symbol.iterator](): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    for (let line = this.readline(); line.length > 0; line = this.readline()) yield line;
  }
}
