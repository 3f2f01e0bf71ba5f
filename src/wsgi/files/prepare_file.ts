/**
 * Makes an open file of a runtime ready for reading.
 *
 * `file_wrapper.ts` imports this for the first such file, because most apps give a path.
 *
 * @module
 */

import type { Files, OpenFile } from "../../socket/mod.ts";
import type { ByteStream, FileBody } from "./file_source.ts";
import {
  type BlobLike,
  type FileHandleLike,
  isBlob,
  isSeekable,
  type RuntimeFile,
  type SeekableFileLike,
} from "./runtime_file.ts";

/** A file that was made ready for reading. */
export interface Prepared {
  readonly body: FileBody;
  /** The first byte to send; 0 if the body begins there by itself. */
  readonly offset: number;
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
