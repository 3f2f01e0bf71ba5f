/**
 * The sources of a file wrapper: an open file, a stream, or an iterable, each read as blocks.
 *
 * A file is read ahead by one block. All other sources are read when a block is asked for, and cut
 * to the wanted extent. {@linkcode WSGIFileWrapper} calls this.
 *
 * @module
 */

import { BASE } from "../../coroutine/internal.ts";
import { showValue } from "../../coroutine/mod.ts";
import type { Block } from "../block.ts";
import type { OpenFile } from "../../socket/mod.ts";

/** The part of a `ReadableStream` that {@linkcode WSGIFileWrapper} uses. */
export interface ByteStream {
  /** Locks the stream, and returns its reader. */
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Block | undefined }>;
    cancel(): Promise<void>;
  };
}

/** The part of an {@linkcode OpenFile} that {@linkcode WSGIFileWrapper} uses. */
export type ReadableFile = Pick<OpenFile, "size" | "read" | "close">;

/** A source that can be read as it is: an open file, or a stream or iterable of blocks. */
export type FileBody =
  | OpenFile
  | ReadableFile
  | ByteStream
  | Iterable<Block>
  | AsyncIterable<Block>;

/** A source as blocks, read one at a time. */
export interface BlockSource {
  /** Reads the next block; `undefined` at the end. */
  read(): Block | undefined | Promise<Block | undefined>;
  /** Takes back a block that no other code holds any more, to fill it again. */
  recycle?(block: Block): void;
  /** Closes the source; called once. */
  close(): unknown;
}

/** The part of a source that is to be read. */
export interface Extent {
  /** The first byte. */
  readonly offset: number;
  /** The number of bytes; `Infinity` for all to the end. */
  readonly length: number;
  /** The size of a read from a file, in bytes. */
  readonly blockSize: number;
}

/** Makes blocks of a source. */
export function blockSource(source: FileBody, extent: Extent): BlockSource {
  if (isOpenFile(source)) return new FileBlocks(source, extent);
  return new ExtentBlocks(isStream(source) ? streamed(source) : iterated(source), extent);
}

/** Whether a source is a stream of the runtime, or another object with a reader. */
export function isStream<T extends object>(
  source: T,
): source is Extract<T, { getReader(): unknown }> {
  return "getReader" in source && source.getReader !== BASE.getReader;
}

/** Whether a source is an open file. */
export function isOpenFile(source: unknown): source is ReadableFile {
  const { size, read } = source as Partial<ReadableFile>;
  return typeof size === "number" && typeof read === "function";
}

/**
 * Reads a file one block ahead: while a block is sent, the system reads the next.
 *
 * A read runs in another thread, and takes about as long as sending the block. Reading and sending
 * at the same time gives more bytes a second (`npm run bench -- --workload file100m`).
 */
class FileBlocks implements BlockSource {
  readonly #file: ReadableFile;
  readonly #blockSize: number;
  #position: number;
  /** The bytes that are left to read. */
  #left: number;
  /** The read of the next block, begun when the current one was handed out. */
  #ahead: Promise<Uint8Array> | undefined;
  /**
   * A block of full size that may be filled again. A new array costs more: it is filled with zeros, its
   * pages are touched for the first time, and it is collected
   * (`npm run bench -- --workload file100m`).
   */
  #spare: Uint8Array | undefined;
  #closed = false;

  constructor(file: ReadableFile, { offset, length, blockSize }: Extent) {
    this.#file = file;
    this.#blockSize = blockSize;
    this.#position = offset;
    this.#left = length;
  }

  read(): undefined | Promise<Uint8Array> {
    const coming = this.#ahead ?? this.#next();
    this.#ahead = undefined;
    return coming?.then(this.#readAhead);
  }

  recycle(block: Uint8Array): void {
    if (block.length === this.#blockSize) this.#spare = block;
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#file.close();
  }

  readonly #readAhead = (block: Uint8Array): Uint8Array => {
    if (!this.#closed) this.#ahead = this.#next();
    // The error is thrown when the block is asked for. Until then the rejection needs a handler.
    this.#ahead?.catch(() => {});
    return block;
  };

  #next(): undefined | Promise<Uint8Array> {
    return this.#left > 0 ? this.#read(Math.min(this.#left, this.#blockSize)) : undefined;
  }

  /** Each block is an array of its own: it belongs to the server until `recycle` takes it back. */
  async #read(size: number): Promise<Uint8Array> {
    const block = this.#spare?.subarray(0, size) ?? new Uint8Array(size);
    this.#spare = undefined;
    const read = await this.#file.read(block, this.#position);
    if (!Number.isInteger(read) || read < 0 || read > size) {
      throw new TypeError(
        `read() of a file gave ${showValue(read)}: expected the number of bytes read, 0 to ${size}`,
      );
    }
    if (read === 0) {
      throw new Error(`The file ended ${this.#left} bytes early: it was cut meanwhile`);
    }
    this.#position += read;
    this.#left -= read;
    return read === size ? block : block.subarray(0, read);
  }
}

const encoder = new TextEncoder();

/** The extent of a source that can only be read from its beginning. */
class ExtentBlocks implements BlockSource {
  readonly #source: BlockSource;
  #skip: number;
  #left: number;

  constructor(source: BlockSource, { offset, length }: Extent) {
    this.#source = source;
    this.#skip = offset;
    this.#left = length;
  }

  read(): Block | undefined | Promise<Block | undefined> {
    if (this.#left === 0) return undefined;
    const block = this.#source.read();
    return block instanceof Promise
      ? block.then((arrived) => this.#cut(arrived))
      : this.#cut(block);
  }

  /**
   * Cuts a block to the extent. A block outside the extent becomes empty, so that other tasks have
   * their turn.
   */
  #cut(block: Block | undefined): Block | undefined {
    if (block === undefined || this.#skip === 0 && this.#left === Infinity) return block;
    const bytes = typeof block === "string" ? encoder.encode(block) : block;
    const start = Math.min(this.#skip, bytes.length);
    const cut = bytes.subarray(start, start + Math.min(this.#left, bytes.length));
    this.#skip -= start;
    this.#left -= cut.length;
    return cut;
  }

  close(): unknown {
    return this.#source.close();
  }
}

/**
 * Uses the reader of a stream, because its `cancel()` ends a pending read; an iterator's `return()`
 * does not.
 */
function streamed(stream: ByteStream): BlockSource {
  const reader = stream.getReader();
  return {
    read: async () => {
      const { done, value } = await reader.read();
      return done ? undefined : value;
    },
    close: () => reader.cancel(),
  };
}

type Step = IteratorResult<Block, unknown>;
interface BlockIterator {
  next(): Step | Promise<Step>;
  return?(): unknown;
}

function iterated(source: Iterable<Block> | AsyncIterable<Block>): BlockSource {
  const { [Symbol.asyncIterator]: async } = source as Partial<AsyncIterable<Block>>;
  const iterator: BlockIterator = async === undefined || async === BASE[Symbol.asyncIterator]
    ? (source as Iterable<Block>)[Symbol.iterator]()
    : async.call(source as AsyncIterable<Block>);
  let over = false;
  const blockOf = (step: Step) => {
    over = step.done === true;
    return step.done ? undefined : step.value;
  };
  return {
    read: () => {
      const step = iterator.next();
      return step instanceof Promise ? step.then(blockOf) : blockOf(step);
    },
    close: async () => {
      // A generator that has not begun is ended as well, because it may own one of its arguments,
      // such as a file.
      if (!over && iterator.return !== BASE.return) await iterator.return?.();
      const { close } = source as { close?: () => unknown };
      if (close !== BASE.close) await close?.call(source);
    },
  };
}
