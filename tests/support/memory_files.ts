/** Files that are in memory, and tell what was done with them. */

import type { Files, OpenFile } from "../../src/socket/mod.ts";

/** A file whose bytes are computed, so that it may be of any size. */
export class MemoryFile implements OpenFile {
  readonly size: number;
  readonly modified = 784_111_777_000;
  /** How many bytes were read. */
  bytesRead = 0;
  /** How often it was closed. */
  closed = 0;
  /** What the next read rejects with. */
  failure: Error | undefined;
  /** Where it really ends. */
  end: number;

  constructor(size: number) {
    this.size = this.end = size;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const length = Math.max(0, Math.min(into.length, this.end - position));
    for (let at = 0; at < length; at++) into[at] = byteAt(position + at);
    this.bytesRead += length;
    return Promise.resolve(length);
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }

  /** Its content as latin-1. */
  text(from = 0, to: number = this.size): string {
    let text = "";
    for (let at = from; at < to; at++) text += String.fromCharCode(byteAt(at));
    return text;
  }
}

function byteAt(position: number): number {
  return 97 + position % 26;
}

/** Files by their absolute path. */
export function memoryFiles(files: Readonly<Record<string, MemoryFile>>): Files {
  const found = (path: string): MemoryFile => {
    const file = files[path];
    if (file !== undefined) return file;
    throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: "ENOENT" });
  };
  return {
    open: async (path) => await Promise.resolve(found(path)),
    realPath: async (path) => {
      await Promise.resolve(found(path));
      return path;
    },
  };
}
