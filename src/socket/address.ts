/**
 * Addresses: made from a runtime's report, written as text, and named in errors.
 *
 * Every adapter calls this, and the server does for its URL.
 *
 * @module
 */

import type { Address, ListenAddress } from "./socket.ts";

/** The prefix of an IPv4 client's address at a listener on `::` (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * Makes an {@linkcode Address} of a numeric host and a port. A mapped IPv4 host becomes IPv4.
 *
 * @param host The numeric host; empty if the runtime no longer knows it.
 * @param port The port.
 * @returns The address; the form of the host tells its family.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipAddress } from "@x/cogen-wsgi/socket";
 *
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
 * @returns The text of the address.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatAddress } from "@x/cogen-wsgi/socket";
 *
 * assertEquals(formatAddress({ host: "::1", port: 80 }), "[::1]:80");
 * ```
 */
export function formatAddress(address: Address | ListenAddress): string {
  if ("path" in address) return address.path;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/**
 * Makes the error for a `listen` that rejects.
 *
 * @param address The address that cannot be bound.
 * @param cause The error of the runtime.
 * @returns An error that names the address, with the runtime's error as its `cause`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { listenError } from "@x/cogen-wsgi/socket";
 *
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
