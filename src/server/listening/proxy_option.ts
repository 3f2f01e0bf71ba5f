/**
 * The option `proxyProtocol`: the peers that send a header of the PROXY protocol, and its versions.
 *
 * `options.ts` calls this for the option, and `connections.ts` for each connection.
 *
 * @module
 */

import { checkNames, optionError } from "../../coroutine/mod.ts";
import {
  type Address,
  type ProxyVersion,
  type Socket,
  type TrustedPeers,
  trustedPeers,
} from "../../socket/mod.ts";

/** The option `proxyProtocol` of a server. */
export interface ProxyProtocolOptions {
  /**
   * The proxies, which send a header on each connection: addresses, ranges such as `"10.0.0.0/8"`, and the names
   * `"loopback"`, `"private"` and `"unix"`. A connection of any other peer has no header: one that comes is
   * refused as a malformed request.
   */
  readonly trust: readonly string[];
  /** The version that the proxies speak: `"v1"`, `"v2"`, or `"auto"` for both. Default `"auto"`. */
  readonly version?: ProxyVersion;
}

/** The checked option. */
export interface ProxyProtocol {
  readonly version: ProxyVersion;
  readonly peers: TrustedPeers;
}

/** The names of all members of the option. */
export const PROXY_MEMBERS: readonly string[] = ["trust", "version"];

/**
 * Checks the option.
 *
 * @throws {TypeError} For a member that is unknown, missing or of the wrong kind.
 */
export function resolveProxyProtocol(
  option: ProxyProtocolOptions | undefined,
): ProxyProtocol | undefined {
  if (option === undefined) return undefined;
  option = checkNames("proxyProtocol", option, PROXY_MEMBERS);
  const { trust, version = "auto" } = option;
  if (!["v1", "v2", "auto"].includes(version)) {
    throw optionError("proxyProtocol.version", version, '"v1", "v2" or "auto"');
  }
  const peers = trustedPeers("proxyProtocol.trust", trust);
  return { version, peers };
}

/** Whether the peer of a socket sends a header. */
export function sendsHeader(
  protocol: ProxyProtocol | undefined,
  { remote }: Pick<Socket, "remote">,
): protocol is ProxyProtocol {
  if (protocol === undefined) return false;
  const { peers } = protocol;
  return remote.family === "unix" ? peers.hasUnix : peers.has(remote.host);
}

/** The host and the port of an address in the environ; both are empty for a Unix socket. */
export function environEnd(address: Address): readonly [host: string, port: string] {
  return address.family === "unix" ? ["", ""] : [address.host, String(address.port)];
}
