/**
 * The header of the PROXY protocol: the addresses of a connection, as the proxy has accepted it.
 *
 * A proxy sends the header once, before all other bytes of a connection. Version 1 is a line of text, and
 * version 2 is binary and may carry further facts (TLVs). Source: "The PROXY protocol", versions 1 and 2, of
 * haproxy.
 *
 * @module
 */

import { optionError } from "../../coroutine/mod.ts";
import type { Address } from "../../coroutine/sockets/byte_socket.ts";

/** A further fact of a header of version 2: its type (PP2_TYPE) and its bytes. */
export interface ProxyTLV {
  /** The type: 1 for ALPN, 2 for the authority, 5 for a unique id, 0x20 for TLS. */
  readonly type: number;
  /** The bytes of the value. */
  readonly value: Uint8Array;
}

/** A header of the PROXY protocol. */
export interface ProxyHeader {
  /** The version of the protocol. */
  readonly version: 1 | 2;
  /** `local` for a connection of the proxy itself, such as a health check. */
  readonly command: "local" | "proxy";
  /** The end of the client; `undefined` if the proxy does not tell it. */
  readonly source: Address | undefined;
  /** The end of the proxy to which the client has connected; `undefined` as the source. */
  readonly destination: Address | undefined;
  /** The further facts; empty for version 1. */
  readonly tlvs: readonly ProxyTLV[];
}

/** The versions that a reader takes: one of them, or both. */
export type ProxyVersion = "v1" | "v2" | "auto";

/** The first bytes of a connection are no header of the PROXY protocol. The connection must be closed. */
export class ProxyHeaderError extends Error {
  /** `ProxyHeaderError`. */
  override readonly name = "ProxyHeaderError";
}

/** The type of a TLV with a checksum of the header: CRC-32C. */
export const CRC32C = 0x03;
/** The type of a TLV of padding. */
export const NOOP = 0x04;
/** The type of a TLV about the TLS between the client and the proxy. */
export const SSL = 0x20;
/** The first bytes of version 2. */
export const SIGNATURE: readonly number[] = [
  ...[0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a],
];
/** The longest line of version 1, with CR LF. */
export const MAX_V1_BYTES = 107;
/** The bytes of version 2 before the addresses. */
export const V2_FIXED_BYTES = 16;
/** The most bytes of addresses and TLVs of version 2 that a reader takes. */
export const MAX_V2_BYTES = 4096;
/** The bytes of each address of version 2, by family. */
export const ADDRESS_BYTES = { IPv4: 4, IPv6: 16, unix: 108 } as const;

/**
 * Tells whether the client speaks TLS with the proxy.
 *
 * @param tlvs The TLVs of a header.
 * @returns Whether there is a TLV of the type `PP2_TYPE_SSL` with the flag `PP2_CLIENT_SSL`.
 * @throws {TypeError} If the TLVs are no array.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { proxiesTLS } from "@x/cogen-wsgi/socket/proxy-protocol";
 *
 * assertEquals(proxiesTLS([{ type: 0x20, value: new Uint8Array([1, 0, 0, 0, 0]) }]), true);
 * ```
 */
export function proxiesTLS(tlvs: readonly ProxyTLV[]): boolean {
  if (!Array.isArray(tlvs)) throw optionError("The argument of proxiesTLS", tlvs, "header.tlvs");
  return (tlvs as readonly ProxyTLV[]).some(({ type, value }) =>
    type === SSL && ((value[0] ?? 0) & 1) === 1
  );
}

/**
 * The checksum CRC-32C of a header, in which the bytes of the checksum itself count as zeros.
 *
 * @param bytes The bytes.
 * @returns The checksum, from 0 to 2^32 - 1.
 */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
