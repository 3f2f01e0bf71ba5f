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

import type { ByteStream } from "./file_source.ts";

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

function isHandle(source: unknown): source is FileHandleLike {
  return has(source, "stat", "read", "close") &&
    typeof (source as { fd?: unknown }).fd === "number";
}

/** Whether a source is a `Deno.FsFile`. */
export function isSeekable(source: unknown): source is SeekableFileLike {
  return has(source, "stat", "read", "seek", "close");
}

function has(source: unknown, ...methods: string[]): boolean {
  return typeof source === "object" && source !== null &&
    methods.every((name) => typeof (source as Record<string, unknown>)[name] === "function");
}
