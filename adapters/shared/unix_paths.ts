/**
 * What the ends of a Unix connection are called: only the one that listens has a name. Runtimes that
 * tell of it at all do not agree.
 *
 * @module
 */

import type { Address, ListenAddress } from "../../src/socket/mod.ts";

/** The paths of both ends. */
export interface UnixPaths {
  /** Our end's. */
  readonly local: string;
  /** The peer's. */
  readonly remote: string;
}

/** @returns The paths of a connection accepted at an address; none if that is no path. */
export function pathsAccepted(address: Address | ListenAddress): UnixPaths | undefined {
  return "path" in address ? { local: address.path, remote: "" } : undefined;
}

/** @returns The paths of a connection dialled to an address; none if that is no path. */
export function pathsDialled(address: ListenAddress): UnixPaths | undefined {
  return "path" in address ? { local: "", remote: address.path } : undefined;
}
