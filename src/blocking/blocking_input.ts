/**
 * `wsgi.input` and the other objects of the environ in a thread: their methods really block.
 *
 * @module
 */

import type { MainThread } from "./main_thread.ts";
import { CALL, joinPieces } from "./protocol.ts";
import { openFile } from "./sync_file.ts";

const NEWLINE = 0x0a;

/** The request body, in a thread: each read blocks the thread until the bytes are there. */
export class BlockingInput implements Iterable<Uint8Array> {
  readonly #main: MainThread;
  /** Bytes that have arrived and were not read. */
  #rest: Uint8Array;
  #isEnded: boolean;

  /**
   * Made by the thread.
   *
   * @ignore
   */
  constructor(main: MainThread) {
    this.#main = main;
    const body = main.takeBody();
    this.#rest = body ?? new Uint8Array(0);
    this.#isEnded = body !== undefined;
  }

  /**
   * Reads `size` bytes, fewer only at the end of the body; without `size`, or with -1, all that is left.
   *
   * @throws {RangeError} If `size` is not a whole number, -1 or more.
   */
  read(size?: number | null): Uint8Array {
    const wanted = checkSize(size);
    const pieces = [this.#take(wanted)];
    let length = pieces[0]!.length;
    while (length < wanted && this.#fill()) {
      const piece = this.#take(wanted - length);
      pieces.push(piece);
      length += piece.length;
    }
    return joinPieces(pieces);
  }

  /** Reads a line with its newline, at most `limit` bytes of it; empty at the end of the body. */
  readline(limit?: number | null): Uint8Array {
    const wanted = checkSize(limit);
    const pieces: Uint8Array[] = [];
    for (let length = 0;;) {
      const newline = this.#rest.indexOf(NEWLINE);
      const end = newline < 0 ? Infinity : newline + 1;
      const piece = this.#take(Math.min(wanted - length, end));
      pieces.push(piece);
      length += piece.length;
      const isWhole = newline >= 0 && piece.length === end;
      if (isWhole || length >= wanted || !this.#fill()) return joinPieces(pieces);
    }
  }

  /** Reads all lines, or lines until they have at least `hint` bytes. */
  readlines(hint?: number | null): Uint8Array[] {
    const enough = hint === undefined || hint === null || hint <= 0 ? Infinity : hint;
    const lines: Uint8Array[] = [];
    for (let length = 0; length < enough;) {
      const line = this.readline();
      if (line.length === 0) break;
      lines.push(line);
      length += line.length;
    }
    return lines;
  }

  /** Iterates over the lines that are left. */
  *[Symbol.iterator](): Generator<Uint8Array, void, undefined> {
    for (let line = this.readline(); line.length > 0; line = this.readline()) yield line;
  }

  #take(size: number): Uint8Array {
    this.#main.checkAborted();
    const taken = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** Waits for bytes; `false` at the end of the body. */
  #fill(): boolean {
    if (this.#rest.length > 0) return true;
    if (!this.#isEnded) this.#rest = this.#main.call(CALL.read);
    this.#isEnded = this.#rest.length === 0;
    return !this.#isEnded;
  }
}

function checkSize(size: number | null | undefined): number {
  if (size === undefined || size === null || size === -1) return Infinity;
  if (size === Infinity || (Number.isInteger(size) && size >= 0)) return size;
  throw new RangeError(
    `Cannot read ${String(size)} bytes: expected a whole number, 0 or more, or -1 for all`,
  );
}

/** A source of `wsgi.file_wrapper` in a thread: a path, the number of an open file, or an object with `read`. */
export type BlockingFileSource = string | number | {
  /** Gives the next bytes, at most `size`; none at the end. */
  read(size: number): Uint8Array | string;
  close?(): unknown;
};

/** The default size of a read, in bytes. */
const BLOCK_BYTES = 65_536;

/** A file as a response body, read block by block; closed when the response has ended. */
export class BlockingFile implements Iterable<Uint8Array | string> {
  /** The length in bytes, if it is known: that of a regular file that was given by its path. */
  readonly length: number | undefined;
  readonly #read: () => Uint8Array | string;
  readonly #close: () => unknown;

  /**
   * Opens a file.
   *
   * @param source The file.
   * @param blockSize The size of a read, in bytes. Default 65,536.
   * @throws The error of the system, if the file cannot be opened.
   */
  constructor(source: BlockingFileSource, blockSize: number = BLOCK_BYTES) {
    if (typeof source === "object") {
      const read = () => source.read(blockSize);
      const close = () => source.close?.();
      this.#read = read;
      this.#close = close;
      return;
    }
    const file = openFile(source);
    const block = new Uint8Array(blockSize);
    this.length = file.size;
    const read = () => block.slice(0, file.read(block));
    const close = () => file.close();
    this.#read = read;
    this.#close = close;
  }

  /** Reads the blocks that are left. */
  *[Symbol.iterator](): Generator<Uint8Array | string, void, undefined> {
    for (let block = this.#read(); block.length > 0; block = this.#read()) yield block;
  }

  /** Closes the file. */
  close(): void {
    this.#close();
  }
}
