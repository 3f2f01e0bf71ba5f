/**
 * Unix sockets: the file that a process leaves behind when it crashes is in the way of the next one.
 *
 * @module
 */

import type { ListenAddress } from "../../src/socket/mod.ts";

/** How a runtime looks at the files of Unix sockets. */
export interface SocketFiles {
  /** Whether that is why binding failed: the address is in use. */
  isInUse(error: unknown): boolean;
  /** Whether the file is a socket. */
  isSocket(path: string): boolean;
  /** Whether a connection is refused; one that is not is closed at once. */
  isRefused(path: string): Promise<boolean>;
  /** Removes the file. */
  remove(path: string): void;
}

/**
 * Binds an address, over the file of a process that has gone if need be.
 *
 * @param address Where to.
 * @param bind Binds it.
 * @param files How the runtime looks at the file.
 * @returns What `bind` gives.
 * @throws What `bind` throws, if somebody answers there or the file is no socket.
 */
export async function bindOverStale<Bound>(
  address: ListenAddress,
  bind: () => Bound | Promise<Bound>,
  files: SocketFiles,
): Promise<Bound> {
  try {
    return await bind();
  } catch (error) {
    if (!("path" in address) || !files.isInUse(error)) throw error;
    const { path } = address;
    // What is no socket refuses connections, too; it is not ours to remove.
    if (!files.isSocket(path) || !await files.isRefused(path)) throw error;
    files.remove(path);
    return await bind();
  }
}
