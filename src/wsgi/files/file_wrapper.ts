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

import { until } from "../../coroutine/mod.ts";
import type { Block } from "../block.ts";
import type { Cogen } from "../cogen.ts";
import { type BlockSource, blockSource, type FileSource, isOpenFile } from "./file_source.ts";
import type { BodyReader } from "./server_readable.ts";

/** Options of {@linkcode FileWrapper}. */
export interface FileWrapperOptions {
  /** The size of a read from a file, in bytes. Default 262,144. */
  readonly blockSize?: number;
  /** The first byte to send. Default 0. */
  readonly offset?: number;
  /** The number of bytes to send; a source that ends earlier is an error. Default: to the end. */
  readonly length?: number;
}

/**
 * `environ["wsgi.file_wrapper"]`: makes a response body of a file.
 *
 * @param source The path of a file, an open file, or any stream or iterable of blocks.
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
export class WSGIFileWrapper implements Iterable<unknown, void, unknown> {
  readonly #cogen: Cogen;
  readonly #blockSize: number;
  readonly #offset: number;
  readonly #length: number | undefined;
  #source: FileSource;
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
   * @throws {RangeError} For a block size, offset or length that is not a whole number in its range.
   */
  constructor(source: FileSource, cogen: Cogen, options: number | FileWrapperOptions = {}) {
    const given: FileWrapperOptions = typeof options === "number"
      ? { blockSize: options }
      : options;
    this.#source = source;
    this.#cogen = cogen;
    this.#blockSize = checkCount("blockSize", given.blockSize ?? DEFAULT_BLOCK_SIZE, 1);
    this.#offset = checkCount("offset", given.offset ?? 0, 0);
    this.#length = given.length === undefined ? undefined : checkCount("length", given.length, 0);
  }

  /** The length of the body in bytes, if it is known; for a path it is known once the file is open. */
  get length(): number | undefined {
    const source = this.#source;
    if (this.#length !== undefined || typeof source === "string" || !isOpenFile(source)) {
      return this.#length;
    }
    return Math.max(0, source.size - this.#offset);
  }

  /**
   * Reads the source for any code except the server. A second call fails.
   *
   * @returns The blocks and waits.
   */
  [Symbol.iterator](): Generator<Block, void, unknown> {
    return this.#read();
  }

  /** A block may be filled again only if the server itself reads the body, and has sent the block. */
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

  /**
   * Reads the source for the server: announces the length, and reads nothing if there is no body.
   *
   * @param reader The server's side.
   * @returns The blocks and waits.
   */
  *blocksFor(reader: BodyReader): Generator<Block, void, unknown> {
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
    } else this.#begin();
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
      offset: this.#offset,
      length: this.length ?? Infinity,
      blockSize: this.#blockSize,
    };
    return this.#blocks ??= blockSource(this.#source as Exclude<FileSource, string>, extent);
  }

  /**
   * Closes the file once a pending `open` is done. Any other source is closed even if no byte of it
   * was read.
   */
  async #close(): Promise<void> {
    await this.#opening?.catch(() => {});
    if (typeof this.#source !== "string") await this.#begin().close();
  }
}

function checkCount(name: string, count: number, least: number): number {
  if (Number.isSafeInteger(count) && count >= least) return count;
  throw new RangeError(`${name} is ${count}: expected a whole number, ${least} or more`);
}
