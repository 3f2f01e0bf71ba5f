/**
 * Very many connections from one address.
 *
 * The trap: the system looks for a free port longer and longer, the more of them are taken: 8 ms for a connection
 * after 16,000 of one address. So the ports are counted here.
 *
 * @module
 */

import { connect, type Socket } from "node:net";

const FIRST_PORT = 10_000;
const LAST_PORT = 65_000;

let lastPort = FIRST_PORT;

/** Connects from an address of this machine, on a port that is free. */
export async function connectFrom(
  { port, localAddress }: { readonly port: number; readonly localAddress: string },
): Promise<Socket> {
  for (;;) {
    if (++lastPort > LAST_PORT) throw new Error(`${localAddress} has no port left`);
    const socket = connect({ host: "127.0.0.1", port, localAddress, localPort: lastPort });
    const error = await new Promise<Error & { code?: string } | undefined>((resolve) => {
      socket.once("connect", () => resolve(undefined)).once("error", resolve);
    });
    if (error === undefined) return socket.setEncoding("latin1");
    if (error.code !== "EADDRINUSE") throw error;
  }
}
