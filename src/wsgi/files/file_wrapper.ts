/**
 * `wsgi.file_wrapper`: a file, or anything that is read like one, as a response body (PEP 3333).
 *
 * Two blocks are in memory at most: one that is sent, and of a file one that is read meanwhile. The
 * server asks for the next when the client has room. Reads are waits in the style of `environ.cogen`,
 * so a wrapped file passes through middleware like any other iterable. Where the server alone sees its
 * blocks, and its sockets tell when bytes have gone, the same two arrays are filled again and again.
 *
 * @module
 */

import { until } from "../../coroutine/mod.ts";
import type { Block } from "../app.ts";
import type { Cogen } from "../cogen.ts";
import { type BlockSource, blockSource, type FileSource, isOpenFile } from "./file_source.ts";
import type { BodyReader } from "./server_readable.ts";

/** Options of {@linkcode FileWrapper}. */
export interface FileWrapperOptions {
  /** How much of a file is read at once, in bytes. Default 262,144. */
  readonly blockSize?: number;
  /** Where to begin, in bytes. Default 0. */
  readonly offset?: number;
  /** How many bytes to send; what lacks is an error. Default: to the end. */
  readonly length?: number;
}

/**
 * `environ["wsgi.file_wrapper"]`: makes a response body of a file.
 *
 * @param source The path of a file, an open one, or anything that gives blocks.
 * @param options The block size, or all options.
 * @returns What the app should return, or `yield*`.
 */
export type FileWrapper = (
  source: FileSource,
  options?: number | FileWrapperOptions,
) => WSGIFileWrapper;

/**
 * The more at once, the fewer trips to the threads that read; twice as much again gained little. In
 * CPU time a MB from a large file, on Node 20, Node 26, Deno and Bun: with 64 KB 895, 745, 889 and
 * 869 µs; with 256 KB 489, 503, 550 and 690 µs.
 */
const BLOCK_SIZE = 262_144;

/**
 * A response body that is read block by block from a file, a stream or an iterable.
 *
 * An app that returns it, from a function or as the last thing of a generator, gets `Content-Length`
 * where it can be known, and nothing is read for HEAD. An app may also `yield*` it, and then says the
 * length itself. Its source is closed in either case, once, however the request ends; `close()` does it
 * for an app that changes its mind.
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
  #begun = false;
  #closed: Promise<void> | undefined;

  /**
   * Takes hold of a source: from now on it is closed by {@linkcode WSGIFileWrapper.close}.
   *
   * @param source What is to be sent.
   * @param cogen The request it is sent to.
   * @param options How.
   * @throws {RangeError} For a block size, offset or length that is none.
   */
  constructor(source: FileSource, cogen: Cogen, options: number | FileWrapperOptions = {}) {
    const given: FileWrapperOptions = typeof options === "number"
      ? { blockSize: options }
      : options;
    this.#source = source;
    this.#cogen = cogen;
    this.#blockSize = checkCount("blockSize", given.blockSize ?? BLOCK_SIZE, 1);
    this.#offset = checkCount("offset", given.offset ?? 0, 0);
    this.#length = given.length === undefined ? undefined : checkCount("length", given.length, 0);
  }

  /** How many bytes it gives, if that is known: of a path, once it is open. */
  get length(): number | undefined {
    const source = this.#source;
    if (this.#length !== undefined || typeof source === "string" || !isOpenFile(source)) {
      return this.#length;
    }
    return Math.max(0, source.size - this.#offset);
  }

  /** Reads from the source, once. */
  [Symbol.iterator](): Generator<Block, void, unknown> {
    return this.#read();
  }

  /** Only if the server alone sees the blocks, it may tell when one is free to be filled again. */
  *#read(server?: BodyReader): Generator<Block, void, unknown> {
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
        if (server?.allSent()) blocks.recycle?.(block);
      }
    } finally {
      yield* this.#cogen.wait(until(this.close()));
    }
  }

  /**
   * As the server reads it: the length is told where it may be, and what has no body is not read.
   *
   * @ignore
   */
  *serve(server: BodyReader): Generator<Block, void, unknown> {
    const { response, method } = server;
    try {
      yield* this.#open();
      if (this.length !== undefined) response.announceLength(this.length);
      if (response.hasBody(method)) yield* this.#read(server);
    } finally {
      yield* this.#cogen.wait(until(this.close()));
    }
  }

  /** Closes the source; repeating it is harmless. */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = this.#close();
      // Whoever waits for it is told; a failure that nobody waits for must not end the process.
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

  /** A path that is being opened is open before it is closed; any other source is closed unread. */
  async #close(): Promise<void> {
    await this.#opening?.catch(() => {});
    if (typeof this.#source !== "string") await this.#begin().close();
  }
}

function checkCount(name: string, count: number, least: number): number {
  if (Number.isSafeInteger(count) && count >= least) return count;
  throw new RangeError(`${name} is ${count}: expected a whole number, ${least} or more`);
}
