/**
 * Files that a thread reads without waiting, by `node:fs`.
 *
 * This is the only file of the room that imports a module of a runtime. `blocking_input.ts` calls this.
 *
 * @module
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** A file, read without waiting. */
export interface SyncFile {
  /** The size in bytes; `undefined` if it is no regular file. */
  readonly size: number | undefined;
  /** Fills an array from the next bytes; returns their number, 0 at the end. */
  read(into: Uint8Array): number;
  close(): void;
}

/** Opens a file by its path, or takes an open one by its number. */
export function openFile(file: string | number): SyncFile {
  const number = typeof file === "number" ? file : openSync(file, "r");
  const stat = fstatSync(number);
  return {
    size: stat.isFile() && typeof file === "string" ? stat.size : undefined,
    read: (into) => readSync(number, into, 0, into.length, null),
    close: () => closeSync(number),
  };
}
