/**
 * Files in memory that count reads and closes, for tests of static files and file wrappers.
 *
 * @module
 */

import type { Files, OpenFile } from "../../src/socket/mod.ts";

/** A file of any size: its bytes are computed from their positions. */
export class MemoryFile implements OpenFile {
  readonly size: number;
  readonly modified = 784_111_777_000;
  /** The number of bytes read so far. */
  bytesRead = 0;
  /** The number of calls of `close`. */
  closed = 0;
  /** The error of the next read; `undefined` for none. Tests set it. */
  failure: Error | undefined;
  /** The real length in bytes; a test may make it smaller than `size`. */
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

  /** The content as latin-1. */
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
