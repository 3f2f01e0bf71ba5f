/**
 * Socket files of crashed processes.
 *
 * A process that crashes leaves the file of its Unix socket behind, and the next process cannot bind
 * the path. So a path in use is bound a second time, after the file was removed, if the file is a
 * socket and no process answers there.
 *
 * The listeners of Node, Deno and Bun call this.
 *
 * @module
 */

import type { ListenTarget } from "../../src/socket/mod.ts";

/** The operations on the files of Unix sockets, of one runtime. */
export interface SocketFiles {
  /** Tells whether binding failed because the address is in use. */
  isInUse(error: unknown): boolean;
  /** Tells whether the file is a socket. */
  isSocket(path: string): boolean;
  /** Tells whether the path refuses a connection. A connection that succeeds is closed at once. */
  isRefused(path: string): Promise<boolean>;
  /** Removes the file. */
  remove(path: string): void;
}

/**
 * Binds an address, and replaces the socket file of a crashed process if necessary.
 *
 * @param address The address to bind.
 * @param bind Binds the address.
 * @param files The operations of the runtime.
 * @returns The result of `bind`.
 * @throws The error of `bind`, if a process answers at the path, or the file is not a socket.
 */
export async function bindOverStale<Bound>(
  address: ListenTarget,
  bind: () => Bound | Promise<Bound>,
  files: SocketFiles,
): Promise<Bound> {
  try {
    return await bind();
  } catch (error) {
    if (!("path" in address) || !files.isInUse(error)) throw error;
    const { path } = address;
    // A connection to a regular file is refused, too; that file must stay.
    if (!files.isSocket(path) || !await files.isRefused(path)) throw error;
    files.remove(path);
    return await bind();
  }
}
