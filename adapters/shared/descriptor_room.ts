/**
 * The room for new connections among the descriptors that the process may have.
 *
 * No runtime serves well without a free descriptor: Node closes new connections without a word, Bun
 * calls accept again and again, a `net.Server` of Deno never accepts again, and Bun and Deno end the whole process
 * when they need a descriptor for a thread or a signal. So some descriptors are kept free, and connections that
 * come without room are closed.
 *
 * Only Linux tells the number of descriptors that are in use. Since version 6.2 it is the size of the folder;
 * before, the folder must be read, which takes 1 ms for each thousand. So they are counted once a second, less
 * often if that took long, and when half of the room has been taken: a connection may open a file.
 *
 * The adapters of the runtimes make one each; the servers ask it by `takeDescriptor` of the adapter.
 *
 * @module
 */

/** The functions of `node:fs` that are used. */
export interface FileModule {
  readFileSync(path: string, encoding: "latin1"): string;
  readdirSync(path: string): readonly unknown[];
  statSync(path: string): { readonly size: number };
}

/** The time after which the descriptors are counted again, in milliseconds. */
const STALE_MS = 1000;
/** The least ratio of the time between two counts to the time that a count takes. */
const REST = 1000;
/** The time after which the descriptors are counted again while there is no room. */
const FULL_PAUSE_MS = 100;
/** The bounds of the number of descriptors that are kept free: a sixteenth of all. */
const MIN_KEPT = 16;
const MAX_KEPT = 256;

/**
 * Makes the function `takeDescriptor` of an adapter. It reads nothing before the first connection.
 *
 * @param load Gives `node:fs`; `undefined` if this program may not read `/proc`.
 * @param now The time in milliseconds.
 * @returns The function: it takes the room of one connection, or returns `false`. On a system that does not tell
 *   its descriptors, there is always room.
 */
export function descriptorRoom(
  load: () => FileModule | undefined,
  now: () => number = () => performance.now(),
): () => boolean {
  let limit: number | undefined;
  let room = 0;
  let isFull = false;
  let countedMs = -Infinity;
  let staleMs = STALE_MS;
  return () => {
    limit ??= readLimit(load());
    if (limit === Infinity) return true;
    const timeMs = now();
    const isDue = isFull ? timeMs - countedMs >= FULL_PAUSE_MS : room === 0;
    if (isDue || timeMs - countedMs >= staleMs) {
      const kept = Math.min(MAX_KEPT, Math.max(MIN_KEPT, limit >> 4));
      const free = limit - kept - countOpen(load());
      countedMs = now();
      staleMs = Math.max(STALE_MS, (countedMs - timeMs) * REST);
      isFull = free < 0;
      room = Math.max(1, free >> 1);
    }
    if (isFull) return false;
    room--;
    return true;
  };
}

/** The number of descriptors that the process may have; `Infinity` if the system does not tell it. */
function readLimit(files: FileModule | undefined): number {
  try {
    const text = files?.readFileSync("/proc/self/limits", "latin1") ?? "";
    return Number(/^Max open files +(\d+)/m.exec(text)?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}

const FOLDER = "/proc/self/fd";

function countOpen(files: FileModule | undefined): number {
  try {
    const { size = 0 } = files?.statSync(FOLDER) ?? {};
    // The reading of the folder opens one of them.
    return size > 0 ? size : (files?.readdirSync(FOLDER).length ?? 1) - 1;
  } catch {
    // The reserve is used up, too.
    return Infinity;
  }
}
