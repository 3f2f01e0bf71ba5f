/**
 * What a file wrapper reads from: an open file, a stream, or an iterable, each as blocks.
 *
 * @module
 */

import type { Block } from "../app.ts";
import type { OpenFile } from "../../socket/mod.ts";

/** What {@linkcode WSGIFileWrapper} uses of a `ReadableStream`. */
export interface ByteStream {
  /** Locks it. */
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Block | undefined }>;
    cancel(): Promise<void>;
  };
}

/**
 * What `wsgi.file_wrapper` takes: the path of a file, an open one, or anything that gives blocks.
 */
export type FileSource = string | OpenFile | ByteStream | Iterable<Block> | AsyncIterable<Block>;

/** Gives blocks, one at a time; `undefined` at the end. */
export interface BlockSource {
  /** The next block. */
  read(): Block | undefined | Promise<Block | undefined>;
  /** Takes back a block that nobody has any more. */
  recycle?(block: Block): void;
  /** Lets go of whatever it reads from; called once. */
  close(): unknown;
}

/** The part of a source that is meant, in bytes. */
export interface Extent {
  readonly offset: number;
  /** `Infinity`: to its end. */
  readonly length: number;
  readonly blockSize: number;
}

/** Makes blocks of anything but a path. */
export function blockSource(source: Exclude<FileSource, string>, extent: Extent): BlockSource {
  if (isOpenFile(source)) return new FileBlocks(source, extent);
  return new ExtentBlocks("getReader" in source ? streamed(source) : iterated(source), extent);
}

/** Whether it is an open file. */
export function isOpenFile(source: FileSource): source is OpenFile {
  return typeof source === "object" && "size" in source && "read" in source;
}

/**
 * Reads a file one block ahead: while a block is sent, the system reads the next.
 *
 * A read is a trip to another thread, which takes as long as sending a block of 64 KB does. To make it
 * meanwhile gave 1.2 to 1.3 times as much from a large file, with two CPUs.
 */
class FileBlocks implements BlockSource {
  readonly #file: OpenFile;
  readonly #blockSize: number;
  #position: number;
  #left: number;
  #ahead: Promise<Uint8Array> | undefined;
  /**
   * A whole block that may be filled again. A new array is slower for its zeros, its page faults and
   * its collection: on Node 26, Deno and Bun, 722, 785 and 661 µs of CPU time a MB instead of 480, 454
   * and 506.
   */
  #spare: Uint8Array | undefined;
  #closed = false;

  constructor(file: OpenFile, { offset, length, blockSize }: Extent) {
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
    // An error is told when the block is asked for, if it ever is.
    this.#ahead?.catch(() => {});
    return block;
  };

  #next(): undefined | Promise<Uint8Array> {
    return this.#left > 0 ? this.#read(Math.min(this.#left, this.#blockSize)) : undefined;
  }

  /** Each block is an array of its own: it belongs to the server until it is taken back. */
  async #read(size: number): Promise<Uint8Array> {
    const block = this.#spare?.subarray(0, size) ?? new Uint8Array(size);
    this.#spare = undefined;
    const read = await this.#file.read(block, this.#position);
    if (read === 0) {
      throw new Error(`The file ended ${this.#left} bytes early: it was cut meanwhile`);
    }
    this.#position += read;
    this.#left -= read;
    return read === size ? block : block.subarray(0, read);
  }
}

const encoder = new TextEncoder();

/** A part of a source that can only be read from its beginning. */
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
    return block instanceof Promise ? block.then((come) => this.#cut(come)) : this.#cut(block);
  }

  /** What is not wanted becomes empty, which only lets others run. */
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

/** By its reader: cancelling one ends a read that waits, which returning an iterator would not. */
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
  const iterator: BlockIterator = Symbol.asyncIterator in source
    ? source[Symbol.asyncIterator]()
    : source[Symbol.iterator]();
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
      // A generator that has not begun is ended as well: it may own what it was called with.
      if (!over) await iterator.return?.();
      await (source as { close?: () => unknown }).close?.();
    },
  };
}
