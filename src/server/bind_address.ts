/**
 * The option `bindAddr`: the address to listen on, as the user wrote it.
 *
 * @module
 */

import type { ListenAddress } from "../socket/mod.ts";

/**
 * `[host, port]`, or the path of a Unix socket.
 *
 * A host is an IPv4 or IPv6 address, or a name. For a name, the server listens on every address of
 * the name that this machine has, at the same port (the hosts file decides about `localhost`: often
 * both `127.0.0.1` and `::1`). `"0.0.0.0"` stands for every interface by IPv4, `"::"` for every
 * interface by both versions; in both cases a client that connects by IPv4 has an IPv4 address.
 * Port 0 picks a free port.
 */
export type BindAddress = readonly [host: string, port: number] | string;

const HOST_ADVICE = 'write ["127.0.0.1", 8000] to be reached from this machine alone, ' +
  '["0.0.0.0", 8000] or ["::", 8000] to be reached on any interface';

/**
 * Reads a `bindAddr`.
 *
 * @param bindAddr The option of the user.
 * @returns The address to listen on.
 * @throws {TypeError} If the host is missing or empty, or `bindAddr` is no address at all.
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
export function parseBindAddress(bindAddr: BindAddress): ListenAddress {
  if (typeof bindAddr === "string") return parsePath(bindAddr);
  if (!Array.isArray(bindAddr) || bindAddr.length !== 2) {
    throw new TypeError(`bindAddr is not [host, port] or a path: ${HOST_ADVICE}`);
  }
  const [host, port] = bindAddr as readonly unknown[];
  if (typeof host !== "string" || host === "") {
    throw new TypeError(`bindAddr has no host: ${HOST_ADVICE}`);
  }
  if (typeof port !== "number" || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(
      `bindAddr has the port ${String(port)}: expected a whole number from 0 (any) to 65535`,
    );
  }
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port };
}

function parsePath(path: string): ListenAddress {
  if (path === "") throw new TypeError(`bindAddr is empty: ${HOST_ADVICE}, or a socket's path`);
  if (path.includes("\0")) throw new TypeError("bindAddr is a path with a NUL character");
  return { path };
}
