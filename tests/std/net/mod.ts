/**
 * Stand-in for JSR's `@std/net`: its names and signatures, on Node, Deno and Bun alike.
 *
 * @module
 */

import { createServer } from "node:net";
import { networkInterfaces } from "node:os";

/** Options of {@linkcode getAvailablePort}. */
export interface GetAvailablePortOptions {
  /** A port to try first; another one is given when it is taken. Default 0: any. */
  preferredPort?: number;
}

/**
 * Finds a port that nothing listens on.
 *
 * @param options The port to try first.
 * @returns A free port; whoever wants it should take it soon.
 */
export function getAvailablePort(options?: GetAvailablePortOptions): number {
  const port = tryListen(options?.preferredPort ?? 0) ?? tryListen(0);
  if (port === undefined) throw new Error("Cannot find a free port: none could be listened on");
  return port;
}

/** Without a host to look up, listening happens within the call on all three runtimes. */
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
