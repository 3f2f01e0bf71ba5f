/**
 * Addresses: made from a runtime's report, written as text, and named in errors.
 *
 * Every adapter calls this, and the server does for its URL.
 *
 * @module
 */

import { checkAddress } from "./adapter_calls.ts";
import { checkCount, checkText } from "./argument_checks.ts";
import type { Address, ListenAddress, ListenTarget } from "./socket.ts";

/** The prefix of an IPv4 client's address at a listener on `::` (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * Makes an {@linkcode Address} of a numeric host and a port. A mapped IPv4 host becomes IPv4.
 *
 * @param host The numeric host; empty if the runtime no longer knows it.
 * @param port The port.
 * @returns The address; the form of the host tells its family.
 * @throws {TypeError} If the host is no text, or the port is no number.
 * @throws {RangeError} If the port is negative or no whole number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ipAddress } from "@x/cogen-wsgi/socket";
 *
 * assertEquals(ipAddress("::ffff:10.0.0.1", 80), { family: "IPv4", host: "10.0.0.1", port: 80 });
 * ```
 */
export function ipAddress(
  host: string,
  port: number,
): Exclude<Address, { readonly family: "unix" }> {
  checkText("host of ipAddress", host);
  checkCount("port of ipAddress", port);
  const plain = host.replace(MAPPED_PREFIX, "");
  return { family: plain.includes(":") ? "IPv6" : "IPv4", host: plain, port };
}

/**
 * Writes an address as in a URL: `127.0.0.1:80`, `[::1]:80`, or the path of a Unix socket.
 *
 * @param address The address.
 * @returns The text of the address.
 * @throws {TypeError} If the argument is no address.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatAddress } from "@x/cogen-wsgi/socket";
 *
 * assertEquals(formatAddress({ host: "::1", port: 80 }), "[::1]:80");
 * ```
 */
export function formatAddress(address: Address | ListenTarget): string {
  checkAddress("formatAddress", address);
  if ("path" in address) return address.path;
  if ("fd" in address) return `fd://${address.fd}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** The texts of the usual codes, in which the runtimes differ. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "the address is in use",
  EADDRNOTAVAIL: "this machine does not have the address",
  EAFNOSUPPORT: "this machine does not have the protocol of the address",
  EAI_AGAIN: "the name server does not answer",
  ECONNREFUSED: "the connection is refused",
  EHOSTUNREACH: "the host cannot be reached",
  EMFILE: "too many open files",
  ENETUNREACH: "the network cannot be reached",
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of the path is not a folder",
  ENOTFOUND: "the host name is not known",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  ETIMEDOUT: "the peer does not answer",
};

const NOT_LISTENING = "this descriptor is no socket that listens; systemd passes them from 3 on";

/** The texts of the codes for an inherited socket. The same descriptor has several codes on the runtimes. */
const INHERITED_REASONS: Readonly<Record<string, string>> = {
  EBADF: NOT_LISTENING,
  EDESTADDRREQ: "this socket has no address; the program that passes it must bind it first",
  EEXIST: "this process uses the descriptor already; give each one once",
  EINVAL: NOT_LISTENING,
  ENOTSOCK: NOT_LISTENING,
  ENOTSUP: NOT_LISTENING,
};

/**
 * An error of `listen` or `dial`. Its `code` is the code of POSIX or of the name lookup, such as
 * `EADDRINUSE`, `EACCES` or `ENOTFOUND`; absent if the runtime's error, its `cause`, has none.
 */
export type AddressError = Error & { readonly code?: string };

/**
 * Makes the error for a `listen` that rejects.
 *
 * @param address The address that cannot be bound.
 * @param cause The error of the runtime.
 * @returns An error that names the address, with the code and the reason of `cause`. Its text is the same
 *   on every runtime for the usual codes.
 * @throws {TypeError} If the first argument is no address.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { listenError } from "@x/cogen-wsgi/socket";
 *
 * const cause = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE" });
 * const error = listenError({ path: "/tmp/app" }, cause);
 * assertEquals(error.message, "Cannot listen on /tmp/app: the address is in use (EADDRINUSE)");
 * assertEquals([error.code, error.cause], ["EADDRINUSE", cause]);
 * ```
 */
export function listenError(address: ListenTarget, cause: unknown): AddressError {
  checkAddress("listenError", address);
  const reasons = "fd" in address ? INHERITED_REASONS : REASONS;
  return addressError(`Cannot listen on ${formatAddress(address)}`, cause, reasons);
}

/**
 * Makes the error for a `dial` that rejects.
 *
 * @param address The address that cannot be reached.
 * @param cause The error of the runtime.
 * @returns An error as that of {@linkcode listenError}.
 * @throws {TypeError} If the first argument is no address.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dialError } from "@x/cogen-wsgi/socket";
 *
 * assertEquals(
 *   dialError({ host: "::1", port: 9 }, new Error("refused")).message,
 *   "Cannot connect to [::1]:9: refused",
 * );
 * ```
 */
export function dialError(address: ListenAddress, cause: unknown): AddressError {
  checkAddress("dialError", address);
  return addressError(`Cannot connect to ${formatAddress(address)}`, cause, REASONS);
}

function addressError(
  text: string,
  cause: unknown,
  reasons: Readonly<Record<string, string>>,
): AddressError {
  const own = cause instanceof Error ? cause.message : String(cause);
  const { code } = Object(cause) as { code?: unknown };
  if (typeof code !== "string") return new Error(`${text}: ${own}`, { cause });
  const known = Object.hasOwn(reasons, code) ? `${reasons[code]} (${code})` : undefined;
  const reason = known ?? (own.includes(code) ? own : `${own} (${code})`);
  return Object.assign(new Error(`${text}: ${reason}`, { cause }), { code });
}
