/**
 * The open files of the runtimes as sources of `wsgi.file_wrapper`: a file handle of `node:fs/promises`, a
 * `Deno.FsFile`, a `Blob`, a `File` or a `Bun.file`.
 *
 * They are recognised by their shape, because the engine uses no global of a runtime. As with PEP 3333's
 * file objects, the body begins at the position of the file, unless an offset is given.
 *
 * The trap: `node:fs` does not tell the position of a handle. The adapter asks the system for it. Where the
 * system does not tell it either, the file is read on from its position, and its length is unknown.
 *
 * {@linkcode WSGIFileWrapper} calls this.
 *
 * @module
 */

import type { Files, OpenFile } from "../../socket/mod.ts";
import type { ByteStream, FileBody } from "./file_source.ts";

/** The part of a `FileHandle` of `node:fs/promises` that `wsgi.file_wrapper` uses. */
export interface FileHandleLike {
  /** The descriptor. */
  readonly fd: number;
  /** The kind and the size of the file. */
  stat(): Promise<{ readonly size: number; isFile(): boolean }>;
  /** Reads into an array, at a position or, with `null`, on from the current one. */
  read(
    into: Uint8Array<ArrayBuffer>,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesRead: number }>;
  /** Closes the file. */
  close(): Promise<void>;
}

/** The part of a `Deno.FsFile` that `wsgi.file_wrapper` uses. */
export interface SeekableFileLike {
  /** The kind and the size of the file. */
  stat(): Promise<{ readonly size: number; readonly isFile: boolean }>;
  /** Moves the position: `whence` is 0 from the beginning, 1 from the current position. */
  seek(offset: number, whence: number): Promise<number>;
  /** Reads on from the current position; `null` at the end. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Closes the file. */
  close(): void;
}

/** The part of a `Blob`, a `File` or a `Bun.file` that `wsgi.file_wrapper` uses. */
export interface BlobLike {
  /** The length in bytes. */
  readonly size: number;
  /** A part of the bytes. */
  slice(start?: number, end?: number): BlobLike;
  /** The bytes. */
  stream(): ByteStream;
  /** Whether the file of a `Bun.file` is there. */
  exists?(): Promise<boolean>;
}

/** An open file of a runtime. */
export type RuntimeFile = FileHandleLike | SeekableFileLike | BlobLike;

/** A file that was made ready for reading. */
export interface Prepared {
  readonly body: FileBody;
  /** The first byte to send; 0 if the body begins there by itself. */
  readonly offset: number;
}

/** Whether a source is an open file of a runtime. */
export function isRuntimeFile(source: unknown): source is RuntimeFile {
  return isHandle(source) || isSeekable(source) || isBlob(source);
}

/** Whether a source is a blob, which has no descriptor to close. */
export function isBlob(source: unknown): source is BlobLike {
  return has(source, "slice", "stream") && typeof (source as { size?: unknown }).size === "number";
}

/** Bun gives a part of a `Bun.file` whose end it does not know yet the size 2^52 - 1. */
const LARGEST_SIZE = 2 ** 50;

/** The length of a blob in bytes; `undefined` if it is not known. */
export function blobSize({ size }: BlobLike): number | undefined {
  return size <= LARGEST_SIZE ? size : undefined;
}

/**
 * Closes a file that was never made ready.
 *
 * @param file The file.
 */
export async function closeRuntimeFile(file: RuntimeFile): Promise<void> {
  if (!isBlob(file)) await file.close();
}

/**
 * Makes a file ready for reading.
 *
 * @param file The file.
 * @param offset The first byte to send; `undefined` for the position of the file.
 * @param files The files of the adapter, which may tell the position.
 * @returns The file as a body. Its `close` closes the file.
 * @throws Rejects with the error of the runtime.
 */
export async function prepare(
  file: RuntimeFile,
  offset: number | undefined,
  files: Files | undefined,
): Promise<Prepared> {
  if (isBlob(file)) return await prepareBlob(file, offset ?? 0);
  return isSeekable(file)
    ? await prepareSeekable(file, offset)
    : await prepareHandle(file, offset, files);
}

async function prepareBlob(blob: BlobLike, offset: number): Promise<Prepared> {
  if (typeof blob.exists === "function" && !(await blob.exists())) {
    const { name = "of the response" } = blob as { name?: string };
    throw Object.assign(new Error(`ENOENT: the file ${name} is missing`), { code: "ENOENT" });
  }
  // A stream that is never read need not be made: the response to HEAD costs nothing.
  const body = offset === 0 ? blob : blob.slice(Math.min(offset, blob.size), blob.size);
  return { body: { getReader: () => body.stream().getReader() }, offset: 0 };
}

async function prepareHandle(
  handle: FileHandleLike,
  offset: number | undefined,
  files: Files | undefined,
): Promise<Prepared> {
  const stats = await handle.stat();
  const position = stats.isFile() ? offset ?? await files?.position?.(handle.fd) : undefined;
  if (position !== undefined) {
    const read = async (into: Uint8Array<ArrayBuffer>, at: number) =>
      (await handle.read(into, 0, into.length, at)).bytesRead;
    return { body: new ReadFile(stats.size, read, () => handle.close()), offset: position };
  }
  const read = async (into: Uint8Array<ArrayBuffer>) =>
    (await handle.read(into, 0, into.length, null)).bytesRead;
  return { body: onward(new ReadFile(Infinity, read, () => handle.close())), offset: offset ?? 0 };
}

async function prepareSeekable(
  file: SeekableFileLike,
  offset: number | undefined,
): Promise<Prepared> {
  const stats = await file.stat();
  const read = async (into: Uint8Array<ArrayBuffer>) => (await file.read(into)) ?? 0;
  const close = async () => await file.close();
  if (!stats.isFile) {
    return { body: onward(new ReadFile(Infinity, read, close)), offset: offset ?? 0 };
  }
  const position = offset === undefined ? await file.seek(0, 1) : await file.seek(offset, 0);
  return { body: new ReadFile(stats.size, read, close), offset: position };
}

type Read = (into: Uint8Array<ArrayBuffer>, position: number) => Promise<number>;

/** A file of a runtime as an open file: it is closed once, after the read that is under way. */
class ReadFile implements Pick<OpenFile, "size" | "read" | "close"> {
  readonly size: number;
  readonly #read: Read;
  readonly #closeFile: () => Promise<void>;
  #reading: Promise<unknown> | undefined;
  #closed: Promise<void> | undefined;

  constructor(size: number, read: Read, close: () => Promise<void>) {
    this.size = size;
    this.#read = read;
    this.#closeFile = close;
  }

  read(into: Uint8Array<ArrayBuffer>, position: number): Promise<number> {
    const reading = this.#read(into, position);
    this.#reading = reading;
    return reading;
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    await this.#reading?.catch(() => {});
    await this.#closeFile();
  }
}

/** The size of a read from a file of unknown length, in bytes. */
const ONWARD_BYTES = 65_536;

/** A stream of a file from its position to its end, for a file without a length, such as a pipe. */
function onward(file: ReadFile): ByteStream {
  return {
    getReader: () => ({
      read: async () => {
        const block = new Uint8Array(ONWARD_BYTES);
        const read = await file.read(block, 0);
        return read === 0 ? { done: true } : { done: false, value: block.subarray(0, read) };
      },
      cancel: () => file.close(),
    }),
  };
}

function isHandle(source: unknown): source is FileHandleLike {
  return has(source, "stat", "read", "close") &&
    typeof (source as { fd?: unknown }).fd === "number";
}

function isSeekable(source: unknown): source is SeekableFileLike {
  return has(source, "stat", "read", "seek", "close");
}

function has(source: unknown, ...methods: string[]): boolean {
  return typeof source === "object" && source !== null &&
    methods.every((name) => typeof (source as Record<string, unknown>)[name] === "function");
}
