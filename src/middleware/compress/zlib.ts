/**
 * The compression of the runtime: `node:zlib`, which Node, Deno and Bun have.
 *
 * This is the only file of the middleware that imports a module of a runtime, and only `./middleware/compress`
 * leads to it. An app that does not compress therefore does not load `node:zlib`.
 *
 * The streams of zlib compress in threads, and later pieces refer to earlier ones. The strategy:
 * one operation at a time, and the output is read after each. The output buffer has no bound of its own,
 * because the input of an operation is bounded; with the bound of a Node stream, an operation would wait
 * until the output is read.
 *
 * The trap: an open stream holds memory outside the heap until it is closed.
 *
 * The stage of `compress` calls this.
 *
 * @module
 */

import * as zlib from "node:zlib";
import { joinBytes } from "../../socket/mod.ts";

/** A content coding that `compress` can apply (RFC 9110 §8.4.1, RFC 7932, RFC 8878). */
export type Encoding = "zstd" | "br" | "gzip";

/** The part of a zlib stream that is used here. */
interface ZlibStream {
  on(event: "error", listener: (error: Error) => void): unknown;
  write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown;
  flush(kind: number, done: () => void): unknown;
  read(): Uint8Array | null;
  close(): void;
}

/** The ways in which one content coding is made. */
interface Coder {
  readonly endKind: number;
  open(level: number): ZlibStream;
  atOnce(bytes: Uint8Array, level: number): Uint8Array;
}

const { constants } = zlib;

/**
 * The options of every stream: an output buffer without a bound, and a flush with each write. A write and a
 * flush for itself would be two operations in threads, and each takes longer than the compression of a small piece.
 */
const optionsOf = (flush: number) => ({ chunkSize: 16_384, highWaterMark: 2 ** 30, flush });

/**
 * Brotli's default quality, 11, is for files that are compressed once, and far too slow for responses. The
 * window of 256 KB bounds the memory of a long stream, here and in the client.
 */
const brotliOptions = (level: number) => ({
  params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: 18 },
});
/**
 * Makes the options of Zstandard, with the window of Brotli. The constants are missing if the
 * runtime has no Zstandard.
 */
const zstdOptions = (level: number) => ({
  params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: 18 },
});

const GZIP: Coder = {
  endKind: constants.Z_FINISH,
  open: (level) => zlib.createGzip({ ...optionsOf(constants.Z_SYNC_FLUSH), level }),
  atOnce: (bytes, level) => zlib.gzipSync(bytes, { level }),
};

const BR: Coder = {
  endKind: constants.BROTLI_OPERATION_FINISH,
  open: (level) =>
    zlib.createBrotliCompress({
      ...optionsOf(constants.BROTLI_OPERATION_FLUSH),
      ...brotliOptions(level),
    }),
  atOnce: (bytes, level) => zlib.brotliCompressSync(bytes, brotliOptions(level)),
};

const ZSTD: Coder = {
  endKind: constants.ZSTD_e_end,
  open: (level) =>
    zlib.createZstdCompress({ ...optionsOf(constants.ZSTD_e_flush), ...zstdOptions(level) }),
  atOnce: (bytes, level) => zlib.zstdCompressSync(bytes, zstdOptions(level)),
};

/** The codings of this runtime. Node has Zstandard from 22.15 on. */
const CODERS: ReadonlyMap<Encoding, Coder> = new Map(
  typeof zlib.createZstdCompress === "function"
    ? [["zstd", ZSTD], ["br", BR], ["gzip", GZIP]]
    : [["br", BR], ["gzip", GZIP]],
);

/** All content codings that this runtime has, in the order in which the server prefers them. */
export const SUPPORTED: readonly Encoding[] = [...CODERS.keys()];

/**
 * Compresses a whole body in this thread.
 *
 * @param encoding One of {@linkcode SUPPORTED}.
 * @param bytes The body.
 * @param level How hard the coding tries.
 * @returns The compressed body.
 */
export function encodeAtOnce(encoding: Encoding, bytes: Uint8Array, level: number): Uint8Array {
  return coderOf(encoding).atOnce(bytes, level);
}

/** Compresses one body piece by piece. An operation must not begin before the last one has ended. */
export class Encoder {
  readonly #stream: ZlibStream;
  readonly #coder: Coder;
  /** The error of the stream. It is set once, before or while an operation runs. */
  #error: Error | undefined;
  /** Rejects the operation that runs. */
  #fail: (error: Error) => void = () => {};

  /**
   * @param encoding One of {@linkcode SUPPORTED}.
   * @param level How hard the coding tries.
   */
  constructor(encoding: Encoding, level: number) {
    this.#coder = coderOf(encoding);
    this.#stream = this.#coder.open(level);
    this.#stream.on("error", (error) => {
      this.#error = error;
      this.#fail(error);
    });
  }

  /**
   * Compresses a piece, which is not empty.
   *
   * @returns Output with which the client can decompress everything so far (RFC 7692 §7.2.1 has the
   *   same flush for WebSockets).
   */
  write(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#run((done) => this.#stream.write(bytes, done));
  }

  /** Compresses the last piece, and ends the compressed body. */
  end(bytes: Uint8Array): Promise<Uint8Array> {
    // A stream of Node that is ended by its method `end` finishes before its last output is there.
    return this.#run((done) => {
      if (bytes.length > 0) this.#stream.write(bytes, () => {});
      this.#stream.flush(this.#coder.endKind, () => done(this.#error));
    });
  }

  /** Frees the memory of the stream, also while an operation runs. */
  close(): void {
    this.#stream.close();
  }

  #run(begin: (done: (error?: Error | null) => void) => void): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      this.#fail = reject;
      begin((error) => {
        if (error) reject(error);
        else resolve(this.#output());
      });
    });
  }

  #output(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let part; (part = this.#stream.read()) !== null;) parts.push(part);
    return joinBytes(parts);
  }
}

function coderOf(encoding: Encoding): Coder {
  const coder = CODERS.get(encoding);
  if (coder === undefined) throw new RangeError(`This runtime has no ${encoding}`);
  return coder;
}
