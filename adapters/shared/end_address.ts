/**
 * The addresses of both ends of a connection.
 *
 * The trap: of a Unix connection, the listening end has a path and the other end has none. Runtimes
 * report that in different ways, or not at all, so the paths are taken from the address that was
 * listened on or dialled.
 *
 * The listeners, the sockets and the dialling of Node, Deno and Bun call this.
 *
 * @module
 */

import { type Address, ipAddress, type ListenAddress } from "../../src/socket/mod.ts";

/** The paths of both ends of a Unix connection; the path of the end that dialled is empty. */
export interface UnixPaths {
  /** The path of this end. */
  readonly local: string;
  /** The path of the peer. */
  readonly remote: string;
}

/**
 * Makes the paths of an accepted connection.
 *
 * @param address The address of the listener.
 * @returns The paths; `undefined` for TCP.
 */
export function pathsAccepted(address: Address | ListenAddress): UnixPaths | undefined {
  return "path" in address ? { local: address.path, remote: "" } : undefined;
}

/**
 * Makes the paths of a dialled connection.
 *
 * @param address The address that was dialled.
 * @returns The paths; `undefined` for TCP.
 */
export function pathsDialled(address: ListenAddress): UnixPaths | undefined {
  return "path" in address ? { local: "", remote: address.path } : undefined;
}

/**
 * Makes the address of one end from the report of a runtime.
 *
 * @param path The path of the end; `undefined` for TCP.
 * @param host The numeric host; `undefined` if the peer has left and the runtime has forgotten it.
 * @param port The port; `undefined` in the same case.
 * @returns The address.
 */
export function endAddress(
  path: string | undefined,
  host: string | undefined,
  port: number | undefined,
): Address {
  if (path !== undefined) return { family: "unix", path };
  return ipAddress(host ?? "", port ?? 0);
}

let lastLocal: Address | undefined;

/**
 * Shares the address of the own end: most connections of a process have the same one as the connection before.
 *
 * @param local The address of the own end of a connection.
 * @returns An equal address.
 */
export function shareLocal(local: Address): Address {
  const last = lastLocal;
  if (last === undefined || last.family !== local.family) return lastLocal = local;
  const isSame = "path" in local
    ? local.path === (last as typeof local).path
    : local.port === (last as typeof local).port && local.host === (last as typeof local).host;
  return isSame ? last : lastLocal = local;
}
