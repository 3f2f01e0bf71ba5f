/**
 * Files of the system, through the module `node:fs/promises`, which every runtime has.
 *
 * @module
 */

import type { Files, OpenFile } from "../../src/socket/mod.ts";

/** What is used of a `FileHandle`. */
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

interface Stats {
  readonly size: number;
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** What is used of `node:fs/promises`. */
export interface FileModule {
  /** Opens a file. */
  open(path: string, flags: "r"): Promise<Handle>;
  /** Tells of a file. */
  stat(path: string): Promise<Stats>;
  /** Resolves links. */
  realpath(path: string): Promise<string>;
}

class SystemFile implements OpenFile {
  readonly size: number;
  readonly modified: number;
  readonly #handle: Handle;
  #reading: Promise<unknown> | undefined;
  #closed: Promise<void> | undefined;

  constructor(handle: Handle, stats: Stats) {
    this.#handle = handle;
    this.size = stats.size;
    this.modified = stats.mtimeMs;
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

  /** A descriptor that is closed under a read may be another file's by the time of the read. */
  async #close(): Promise<void> {
    await this.#reading?.catch(() => {});
    await this.#handle.close();
  }
}

async function open(files: FileModule, path: string): Promise<OpenFile> {
  // Before it is opened: opening a pipe would wait for somebody to write.
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

/**
 * Makes the files of an adapter.
 *
 * @param load Gives the module, when it is first needed.
 * @returns The files.
 */
export function systemFiles(load: () => FileModule): Files {
  return {
    open: async (path) => await open(load(), path),
    realPath: async (path) => await load().realpath(path),
  };
}

/** `process`, reached without an import that other runtimes would follow. */
interface BuiltinModules {
  process: { getBuiltinModule(name: "node:fs/promises"): FileModule };
}

/** The files of Deno and Bun, both of which have Node's module built in. */
export const builtinFiles: Files = systemFiles(() =>
  (globalThis as unknown as BuiltinModules).process.getBuiltinModule("node:fs/promises")
);
