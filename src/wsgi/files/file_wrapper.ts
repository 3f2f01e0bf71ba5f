/**
 * `wsgi.file_wrapper`: a file, a stream or an iterable as a response body (PEP 3333).
 *
 * At most two blocks are in memory: one that is being sent, and for a file one that is read meanwhile.
 * The server asks for the next block when the client's window has room. Reads are waits in the style of
 * `environ.cogen`, so a wrapped file passes through middleware like any other iterable. If the server
 * itself reads the body, and its sockets report when bytes are sent, the same two arrays are reused for
 * all blocks.
 *
 * @module
 */

import { checkedOptions } from "../../coroutine/internal.ts";
import { optionError, showValue, until } from "../../coroutine/mod.ts";
import type { Block } from "../block.ts";
import type { Cogen } from "../cogen.ts";
import {
  type BlockSource,
  blockSource,
  type FileBody,
  isOpenFile,
  isStream,
} from "./file_source.ts";
import {
  blobSize,
  closeRuntimeFile,
  isBlob,
  isRuntimeFile,
  type RuntimeFile,
} from "./runtime_file.ts";
import { type BodyReader, ServerReadable } from "./server_readable.ts";

/**
 * A source of `wsgi.file_wrapper`: the path of a file; an open file of the adapter or of a runtime, such as a
 * `FileHandle` of `node:fs/promises`, a `Deno.FsFile`, a `Bun.file`, a `Blob` or a `File`; or a stream or
 * iterable of blocks.
 */
export type FileSource = string | FileBody | RuntimeFile;

/** Options of {@linkcode FileWrapper}. */
export interface FileWrapperOptions {
  /** The size of a read from a file, in bytes. Default 262,144. */
  readonly blockSize?: number;
  /**
   * The first byte to send, counted from the beginning of the file. Default: the position of an open file of a
   * runtime, and 0 for all other sources. Where the system does not tell the position of a `FileHandle`, its
   * body has no `Content-Length` without an offset.
   */
  readonly offset?: number;
  /** The number of bytes to send; a source that ends earlier is an error. Default: to the end. */
  readonly length?: number;
}

/**
 * `environ["wsgi.file_wrapper"]`: makes a response body of a file.
 *
 * @param source The path of a file, an open file, or any stream or iterable of blocks. The body owns it,
 *   and it is closed once, however the request ends.
 * @param options The block size, or all options.
 * @returns The body. The app returns it, or reads it with `yield*`.
 */
export type FileWrapper = (
  source: FileSource,
  options?: number | FileWrapperOptions,
) => WSGIFileWrapper;

/**
 * The default size of a read, in bytes. A larger block needs fewer calls of the threads that read
 * files; above 256 KB the gain is small (`npm run bench -- --workload file100m`).
 */
const DEFAULT_BLOCK_SIZE = 262_144;
const FILE_OPTIONS: readonly (keyof FileWrapperOptions)[] = ["blockSize", "offset", "length"];

/**
 * A response body that is read block by block from a file, a stream or an iterable.
 *
 * An app may return the body, from a function or at the end of a generator. Then the server adds
 * `Content-Length` where the length is known, and reads nothing for HEAD. An app may also read the body
 * with `yield*`, and set the length itself. The source is closed in either case, once, however the
 * request ends. An app that does not use the body calls `close()`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve } from "@x/cogen-wsgi";
 *
 * await Deno.writeTextFile("/tmp/cogen-wsgi-example.txt", "from a file");
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp(environ, startResponse) {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return environ["wsgi.file_wrapper"]("/tmp/cogen-wsgi-example.txt");
 *   },
 * });
 * const response = await fetch(server.url);
 * assertEquals(response.headers.get("content-length"), "11");
 * assertEquals(await response.text(), "from a file");
 * ```
 */
export class WSGIFileWrapper extends ServerReadable<Block> {
  readonly #cogen: Cogen;
  readonly #blockSize: number;
  #offset: number | undefined;
  readonly #length: number | undefined;
  #source: FileSource;
  /** The size of a source that is neither an open file nor a Blob any more. */
  #size: number | undefined;
  #blocks: BlockSource | undefined;
  #opening: Promise<void> | undefined;
  /** True once a reader has begun: the source can be read only once. */
  #begun = false;
  #closed: Promise<void> | undefined;

  /**
   * Wraps a source, and owns it: {@linkcode WSGIFileWrapper.close} closes it.
   *
   * @param source The source of the body.
   * @param cogen Waits for the reads: the `cogen` of the request's environ.
   * @param options The block size, or all options.
   * @throws {TypeError} For a source of another kind.
   * @throws {RangeError} For a block size, offset or length that is not a whole number in its range.
   */
  constructor(source: FileSource, cogen: Cogen, options: number | FileWrapperOptions = {}) {
    super((reader) => reader === undefined ? this.#read() : this.#serve(reader));
    const all = typeof options === "number" ? { blockSize: options } : options;
    const given = checkedOptions<FileWrapperOptions>("wsgi.file_wrapper", all, FILE_OPTIONS);
    checkSource(source);
    this.#source = source;
    this.#cogen = cogen;
    const { blockSize = DEFAULT_BLOCK_SIZE } = given;
    this.#blockSize = checkCount("blockSize", blockSize, 1);
    this.#offset = given.offset === undefined ? undefined : checkCount("offset", given.offset, 0);
    this.#length = given.length === undefined ? undefined : checkCount("length", given.length, 0);
  }

  /**
   * The length of the body in bytes, if it is known; for a path, and for an open file of a runtime, it is known
   * once the server reads the body.
   */
  get length(): number | undefined {
    const source = this.#source;
    if (this.#length !== undefined || typeof source === "string") return this.#length;
    const size = isBlob(source) ? blobSize(source) : isOpenFile(source) ? source.size : this.#size;
    return size === undefined ? undefined : Math.max(0, size - (this.#offset ?? 0));
  }

  /**
   * Reads the source. A block may be filled again only if the server itself reads the body, and has sent the
   * block.
   */
  *#read(reader?: BodyReader): Generator<Block, void, unknown> {
    if (this.#begun) throw new TypeError("A wrapped file can be read only once");
    this.#begun = true;
    try {
      yield* this.#open();
      const blocks = this.#begin();
      for (;;) {
        const read = blocks.read();
        const block = read instanceof Promise ? yield* this.#cogen.wait(until(read)) : read;
        if (block === undefined) return;
        yield block;
        if (reader?.allSent()) blocks.recycle?.(block);
      }
    } finally {
      yield* this.#cogen.wait(until(this.close()));
    }
  }

  /** Reads the source for the server: announces the length, and reads nothing if there is no body. */
  *#serve(reader: BodyReader): Generator<Block, void, unknown> {
    try {
      yield* this.#open();
      if (this.length !== undefined) reader.announceLength(this.length);
      if (reader.hasBody()) yield* this.#read(reader);
    } finally {
      yield* this.#cogen.wait(until(this.close()));
    }
  }

  /**
   * Closes the source. A second call does nothing.
   *
   * @returns A promise that settles when the source is closed, and rejects with its error.
   */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = this.#close();
      // A caller that waits gets the error. If no caller waits, a rejection must not end the process.
      this.#closed.catch(() => {});
    }
    return this.#closed;
  }

  *#open(): Generator<"", void, unknown> {
    if (typeof this.#source === "string") {
      this.#opening ??= this.#openPath(this.#source);
      yield* this.#cogen.wait(until(this.#opening));
    } else if (isRuntimeFile(this.#source)) {
      this.#opening ??= this.#prepareFile(this.#source);
      yield* this.#cogen.wait(until(this.#opening));
    } else this.#begin();
  }

  async #prepareFile(file: RuntimeFile): Promise<void> {
    const { length } = this;
    const { prepare } = await import("./prepare_file.ts");
    const { body, offset } = await prepare(file, this.#offset, this.#cogen.files);
    // A Blob is cut already, and its length is known.
    if (isBlob(file)) this.#size = length;
    this.#offset = offset;
    this.#source = body;
    this.#begin();
  }

  async #openPath(path: string): Promise<void> {
    const { files } = this.#cogen;
    if (files === undefined) {
      throw new TypeError(`Cannot open ${path}: the adapter of this server has no files`);
    }
    this.#source = await files.open(path);
    this.#begin();
  }

  #begin(): BlockSource {
    const extent = {
      offset: this.#offset ?? 0,
      length: this.length ?? Infinity,
      blockSize: this.#blockSize,
    };
    return this.#blocks ??= blockSource(this.#source as FileBody, extent);
  }

  /**
   * Closes the source, after a pending `open` is done. A path that was never opened needs no close.
   * Every other source is closed even if no byte of it was read.
   */
  async #close(): Promise<void> {
    await this.#opening?.catch(() => {});
    if (typeof this.#source === "string") return;
    if (isRuntimeFile(this.#source)) await closeRuntimeFile(this.#source);
    else await this.#begin().close();
  }
}

function checkSource(source: unknown): void {
  if (typeof source === "string") return;
  if (source instanceof Promise) {
    throw optionError("The source of wsgi.file_wrapper", source, "an open file or a path");
  }
  const isBytes = ArrayBuffer.isView(source) || source instanceof ArrayBuffer;
  if (typeof source === "object" && source !== null && !isBytes) {
    const isIterable = Symbol.iterator in source || Symbol.asyncIterator in source;
    if (isIterable || isStream(source) || isOpenFile(source) || isRuntimeFile(source)) return;
  }
  const kind = source === null ? "null" : isBytes ? "bytes" : typeof source;
  throw new TypeError(
    `Cannot wrap ${kind} as a file: expected a path, an open file, a Blob, a stream or an iterable of ` +
      `blocks${isBytes ? "; give bytes as a block" : ""}`,
  );
}

function checkCount(name: string, count: number, least: number): number {
  if (Number.isSafeInteger(count) && count >= least) return count;
  throw new RangeError(`${name} is ${showValue(count)}: expected a whole number, ${least} or more`);
}
