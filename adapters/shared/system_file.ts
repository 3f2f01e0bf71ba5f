/**
 * An open file of the system, and the position of a descriptor.
 *
 * The trap: a descriptor that is closed during a read can belong to another file before the read is
 * done. So `close` waits for the outstanding read.
 *
 * `system_files.ts` imports this for the first file that is opened.
 *
 * @module
 */

import type { OpenFile } from "../../src/socket/mod.ts";

/** The members of `FileHandle` that are used. */
interface Handle {
  stat(): Promise<Stats>;
  read(
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/** The members of `Stats` that are used. */
interface Stats {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number | undefined;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** The functions of `node:fs/promises` that are used. */
export interface FileModule {
  /** Opens a file. */
  open(path: string, flags: "r"): Promise<Handle>;
  /** Reads the kind, size and time of a file. */
  stat(path: string): Promise<Stats>;
  /** Reads a whole file. */
  readFile(path: string, encoding: "latin1"): Promise<string>;
  /** Resolves symbolic links. */
  realpath(path: string): Promise<string>;
}

class SystemFile implements OpenFile {
  readonly size: number;
  readonly modified: number;
  readonly changed: number | undefined;
  readonly #handle: Handle;
  /** The last read, finished or not. */
  #reading: Promise<unknown> | undefined;
  /** The promise of the first call of `close`; `undefined` before. */
  #closed: Promise<void> | undefined;

  constructor(handle: Handle, stats: Stats) {
    this.#handle = handle;
    this.size = stats.size;
    this.modified = stats.mtimeMs;
    this.changed = stats.ctimeMs;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    if (this.#closed !== undefined) throw new Error("The file is closed");
    const reading = this.#handle.read(into, 0, into.length, position);
    this.#reading = reading;
    return (await reading).bytesRead;
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    await this.#reading?.catch(() => {});
    await this.#handle.close();
  }
}

/** Opens a regular file. */
export async function openFile(files: FileModule, path: string): Promise<OpenFile> {
  // This check comes before `open`, because to open a named pipe waits for a writer.
  checkRegular(path, await files.stat(path));
  const handle = await files.open(path, "r");
  try {
    const stats = await handle.stat();
    checkRegular(path, stats);
    return new SystemFile(handle, stats);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function checkRegular(path: string, stats: Stats): void {
  if (stats.isFile()) return;
  const code = stats.isDirectory() ? "EISDIR" : "EINVAL";
  throw Object.assign(new Error(`${code}: ${path} is not a regular file`), { code });
}

/** Reads the position of a descriptor from a file of the system. */
export async function positionOf(files: FileModule, path: string): Promise<number | undefined> {
  try {
    const position = /^pos:\s*(\d+)$/m.exec(await files.readFile(path, "latin1"))?.[1];
    return position === undefined ? undefined : Number(position);
  } catch {
    return undefined;
  }
}
