/**
 * A replacement of JSR's `@std/net` with its names and signatures, for Node, Deno and Bun.
 *
 * @module
 */

import { createServer } from "node:net";
import { networkInterfaces } from "node:os";

/** Options of {@linkcode getAvailablePort}. */
export interface GetAvailablePortOptions {
  /**
   * The port to try first. If it is in use, another one is returned. The default 0 stands for any
   * port.
   */
  preferredPort?: number;
}

/**
 * Finds a port without a listener.
 *
 * @param options The port to try first.
 * @returns A free port. The caller should use it soon.
 */
export function getAvailablePort(options?: GetAvailablePortOptions): number {
  const port = tryListen(options?.preferredPort ?? 0) ?? tryListen(0);
  if (port === undefined) throw new Error("Cannot find a free port: listening failed");
  return port;
}

/**
 * Tries to listen on a port. Without a host to look up, all three runtimes listen within the call.
 */
function tryListen(port: number): number | undefined {
  const server = createServer();
  server.on("error", () => {});
  server.listen(port);
  const address = server.address();
  server.close();
  return address !== null && typeof address === "object" ? address.port : undefined;
}

/**
 * Gives this machine's address on the network.
 *
 * @param family The kind of address wanted. Default `"IPv4"`.
 * @returns The first address that is not a loopback one, or `undefined`.
 */
export function getNetworkAddress(family: "IPv4" | "IPv6" = "IPv4"): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((address) => address.family === family && !isLoopback(address.address))
    ?.address;
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
