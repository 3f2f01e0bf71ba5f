/**
 * The PROXY protocol, without I/O: a reader of its header, and a writer.
 *
 * The server reads the header itself, with the option `proxyProtocol`. This module is for proxies, and for
 * tests that play one. It is no part of `./socket`, so that a server without the option does not load it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipAddress } from "@x/cogen-wsgi/socket";
 * import { encodeProxyHeader, ProxyHeaderReader } from "@x/cogen-wsgi/socket/proxy-protocol";
 *
 * const source = ipAddress("192.0.2.7", 5000);
 * const destination = ipAddress("10.0.0.1", 80);
 * const bytes = encodeProxyHeader({ version: 2, command: "proxy", source, destination, tlvs: [] });
 * assertEquals(new ProxyHeaderReader("v2").read(bytes)?.source, source);
 * ```
 *
 * @module
 */

export {
  proxiesTLS,
  type ProxyHeader,
  ProxyHeaderError,
  type ProxyTLV,
  type ProxyVersion,
} from "./header.ts";
export { ProxyHeaderReader } from "./header_reader.ts";
export { encodeProxyHeader } from "./header_writer.ts";
