/**
 * Socket files of crashed processes, and the listener's own.
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
import type { OwnFileSystem, OwnSocketFile } from "./own_socket_file.ts";

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

/**
 * Loads the code that looks after the file of a listener.
 *
 * @param address The address to bind.
 * @param files The file system of the runtime.
 * @returns A function that must be called as soon as the path is bound; `undefined` for a port.
 */
export async function ownFileOf(
  address: ListenTarget,
  files: OwnFileSystem,
): Promise<(() => OwnSocketFile) | undefined> {
  if (!("path" in address)) return undefined;
  const { OwnSocketFile } = await import("./own_socket_file.ts");
  return () => new OwnSocketFile(address, files);
}
