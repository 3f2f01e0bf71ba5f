/**
 * Sockets that the process has inherited, as `Server.listen` expects them.
 *
 * `listen.ts` imports this for the first such socket, because most servers bind an address.
 *
 * @module
 */

import * as net from "node:net";
import type { InheritedListener } from "../../src/socket/mod.ts";

/**
 * Takes an inherited socket.
 *
 * The trap: a TCP socket without an address would listen on a random port of every interface. Only Node tells the
 * address before; Bun listens.
 *
 * @param inherited The descriptor of the socket.
 * @returns The first argument of `Server.listen`.
 * @throws An error with the code `EDESTADDRREQ` for a TCP socket without an address.
 */
export function inheritedHandle({ fd }: InheritedListener): net.Socket | InheritedListener {
  if ("Bun" in globalThis) return { fd };
  let handle: net.Socket;
  try {
    handle = new net.Socket({ fd, readable: false, writable: false });
  } catch {
    // `Server.listen` tells the error of the system.
    return { fd };
  }
  if (handle.localPort !== 0) return handle;
  handle.destroy();
  throw Object.assign(new Error("listen EDESTADDRREQ"), { code: "EDESTADDRREQ" });
}
