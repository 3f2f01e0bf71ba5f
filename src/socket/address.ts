/**
 * Addresses: made from what a runtime reports, and written as people write them.
 *
 * @module
 */

import type { Address, ListenAddress } from "./socket.ts";

/** An IPv4 client of a listener on `::` shows up under this prefix (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * Makes an {@linkcode Address} of a numeric host and a port; a mapped IPv4 host is given as IPv4.
 *
 * @param host The numeric host; empty if the runtime no longer knows it.
 * @param port The port.
 * @returns The address, its family read off the host.
 *
 * @example
 * ```ts ignore
 * assertEquals(ipAddress("::ffff:10.0.0.1", 80), { family: "IPv4", host: "10.0.0.1", port: 80 });
 * ```
 */
export function ipAddress(host: string, port: number): Address {
  const plain = host.replace(MAPPED_PREFIX, "");
  return { family: plain.includes(":") ? "IPv6" : "IPv4", host: plain, port };
}

/**
 * Writes an address as in a URL: `127.0.0.1:80`, `[::1]:80`, or the path of a Unix socket.
 *
 * @param address The address.
 * @returns Its text.
 *
 * @example
 * ```ts ignore
 * assertEquals(formatAddress({ host: "::1", port: 80 }), "[::1]:80");
 * ```
 */
export function formatAddress(address: Address | ListenAddress): string {
  if ("path" in address) return address.path;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/**
 * Makes the error that `listen` rejects with.
 *
 * @param address What could not be bound.
 * @param cause What the runtime said.
 * @returns An error that names the address, with the runtime's own as its `cause`.
 *
 * @example
 * ```ts ignore
 * assertEquals(
 *   listenError({ path: "/tmp/app" }, new Error("in use")).message,
 *   "Cannot listen on /tmp/app: in use",
 * );
 * ```
 */
export function listenError(address: ListenAddress, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Cannot listen on ${formatAddress(address)}: ${reason}`, { cause });
}
