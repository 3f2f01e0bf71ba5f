/**
 * One node of a path of proxies, as `X-Forwarded-For` and the parameter `for` of `Forwarded` name it.
 *
 *     node     = nodename [ ":" node-port ]                                       (RFC 7239 §6)
 *     nodename = IPv4address / "[" IPv6address "]" / "unknown" / obfnode
 *     obfnode  = "_" 1*( ALPHA / DIGIT / "." / "_" / "-" )
 *     node-port = 1*5DIGIT / obfport
 *
 * `X-Forwarded-For` has no grammar. Its usual forms are these, and an IPv6 address without brackets.
 *
 * `trust_proxy.ts` calls this.
 *
 * @module
 */

import { addressGroups, addressOfGroups } from "../../socket/mod.ts";

/** A node. */
export interface ForwardedNode {
  /**
   * A numeric address without brackets, or `unknown`, or an obfuscated name such as `_hidden`. An address has its
   * usual form, and one of IPv4 that is mapped into IPv6 is an IPv4 address, as that of a peer.
   */
  readonly address: string;
  /** The port in digits; empty if it is not told, or obfuscated. */
  readonly port: string;
}

const NODE = /^(?:\[([\da-f:.]+)\]|([\d.]+)|(unknown|_[\w.-]+))(?::(\d{1,5}|_[\w.-]+))?$/i;

/** The longest text of a node. A node with a longer obfuscated name counts as malformed. */
const MAX_NODE = 256;

/**
 * Reads a node.
 *
 * @param text The node, without quotes.
 * @returns The node; `undefined` if the text is none.
 */
export function parseNode(text: string): ForwardedNode | undefined {
  if (text.length > MAX_NODE) return undefined;
  if (isIPv6(text)) return { address: usualForm(text), port: "" };
  const [, ipv6, ipv4, name, port = ""] = NODE.exec(text) ?? [];
  const shown = port.startsWith("_") ? "" : port;
  if (Number(shown) > 65_535) return undefined;
  if (name !== undefined) return { address: name, port: shown };
  if (ipv6 !== undefined && !isIPv6(ipv6)) return undefined;
  const host = ipv6 ?? ipv4;
  if (host === undefined || addressGroups(host) === undefined) return undefined;
  return { address: usualForm(host), port: shown };
}

function usualForm(address: string): string {
  return addressOfGroups(addressGroups(address) ?? []);
}

/** Whether a text is an IPv6 address without brackets and without a zone. */
export function isIPv6(text: string): boolean {
  return text.includes(":") && !text.includes("%") && addressGroups(text) !== undefined;
}
