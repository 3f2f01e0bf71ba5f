/**
 * The option `bindAddr`: the address to listen on, as the user wrote it.
 *
 * @module
 */

import { showValue } from "../../coroutine/mod.ts";
import type { ListenTarget } from "../../socket/mod.ts";

/**
 * `[host, port]`, or the path of a Unix socket. A path that looks like a host or a port is written with
 * `./`: `"./localhost"`.
 *
 * A host is an IPv4 or IPv6 address, or a name. For a name, the server listens on every address of
 * the name that this machine has, at the same port (the hosts file decides about `localhost`: often
 * both `127.0.0.1` and `::1`). `"0.0.0.0"` stands for every interface by IPv4, `"::"` for every
 * interface by both versions; in both cases a client that connects by IPv4 has an IPv4 address.
 * Port 0 picks a free port.
 *
 * `"fd://3"` is a listening socket that the process has inherited with this descriptor, as from systemd; on
 * Node and Bun only.
 */
export type BindAddress = readonly [host: string, port: number] | string;

const HOST_ADVICE = 'write ["127.0.0.1", 8000] to be reached from this machine alone, ' +
  '["0.0.0.0", 8000] or ["::", 8000] to be reached on any interface';

/**
 * Reads a `bindAddr`.
 *
 * @param bindAddr The option of the user.
 * @returns The address to listen on.
 * @throws {TypeError} If the host is missing or empty, the port is text, or `bindAddr` is no address at all,
 *   such as the text `"127.0.0.1:8080"`.
 * @throws {RangeError} If the port is not a whole number from 0 to 65535.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseBindAddress } from "@x/cogen-wsgi/server";
 *
 * assertEquals(parseBindAddress(["127.0.0.1", 8080]), { host: "127.0.0.1", port: 8080 });
 * assertEquals(parseBindAddress("/run/app.sock"), { path: "/run/app.sock" });
 * ```
 */
export function parseBindAddress(bindAddr: BindAddress): ListenTarget {
  if (typeof bindAddr === "string") return parsePath(bindAddr);
  if (!Array.isArray(bindAddr) || bindAddr.length !== 2) {
    const value = showValue(bindAddr);
    throw new TypeError(`bindAddr is ${value}, not [host, port] or a path: ${HOST_ADVICE}`);
  }
  const [host, port] = bindAddr as readonly unknown[];
  return { host: parseHost(host), port: parsePort(port) };
}

function parseHost(host: unknown): string {
  if (host === undefined || host === "") {
    throw new TypeError(`bindAddr has no host: ${HOST_ADVICE}`);
  }
  const plain = typeof host === "string" ? host.replace(/^\[(.*)\]$/, "$1") : "";
  if (isHost(plain)) return plain;
  const kind = "which is no address and no name";
  throw new TypeError(`bindAddr has the host ${showValue(host)}, ${kind}: ${HOST_ADVICE}`);
}

function isHost(host: string): boolean {
  return NAME.test(host) || IPV6.test(host);
}

/** A host name or an IPv4 address: no colon, no slash, no space. The system decides about the rest. */
const NAME = /^[^\s:/\\?#@*[\]\0]+$/;
const IPV6 = /^[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*(?:%[\w.-]+)?$/i;

function parsePort(port: unknown): number {
  if (typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65_535) {
    return port;
  }
  const shown = typeof port === "string" ? `${showValue(port)}, which is text` : showValue(port);
  const text = `bindAddr has the port ${shown}: expected a whole number from 0 (any) to 65535`;
  throw typeof port === "number" ? new RangeError(text) : new TypeError(text);
}

/** Texts that stand for a host, a port or a URL, and would name a socket file in the working directory. */
const NO_PATH =
  /^(?:[a-z][a-z0-9+.-]*:\/\/|unix:)|^[^/\\]*:\d*\/?$|^\d{1,5}$|^localhost$|^\[?[\d.:]+\]?$/i;

/** A host and a port, as a URL has them. */
const HOST_AND_PORT = /^(?:https?:\/\/)?\[?([^/\]]*)\]?:(\d{1,5})\/?$/i;

function parsePath(path: string): ListenTarget {
  const [, descriptor] = /^fd:\/\/(\d{1,6})$/.exec(path) ?? [];
  if (descriptor !== undefined) return parseDescriptor(Number(descriptor));
  if (path === "") throw new TypeError(`bindAddr is empty: ${HOST_ADVICE}, or a socket's path`);
  if (path.includes("\0")) throw new TypeError("bindAddr is a path with a NUL character");
  if (NO_PATH.test(path) || IPV6.test(path)) {
    const [, host, port] = HOST_AND_PORT.exec(path) ?? [];
    const meant = host && port && isHost(host) ? `write ["${host}", ${port}]` : HOST_ADVICE;
    const advice = `${meant}; the path of a Unix socket may begin with "./" or "/"`;
    throw new TypeError(`bindAddr is ${showValue(path)}, which is no path of a socket: ${advice}`);
  }
  return { path };
}

/** The descriptors 0 to 2 are the standard streams. */
function parseDescriptor(fd: number): ListenTarget {
  if (fd > 2) return { fd };
  throw new RangeError(`bindAddr is "fd://${fd}": expected a descriptor from 3, such as "fd://3"`);
}
