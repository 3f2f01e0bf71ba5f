/**
 * A port of the loopback for a program that is told its port, such as a broker or a proxy.
 *
 * The trap: a port of the range from which the system takes the ports of clients is not free for long. A connection
 * of any process may get it while the program is down, and even a connection to this port itself, which the
 * system then connects to itself. So the port is below this range.
 *
 * @module
 */

import { createServer } from "node:net";

/** The ranges of Linux, macOS and Windows begin at 32768 or later. */
const FIRST = 10_000;
const LAST = 32_000;

/** Finds a port that is free now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => void server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
