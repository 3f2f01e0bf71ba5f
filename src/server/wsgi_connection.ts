/**
 * A connection as embedders and subclasses of the server see it.
 *
 * @module
 */

import type { SocketHandler } from "../socket/mod.ts";

/**
 * One client's connection: what `WSGIServer.accept` gives.
 *
 * Who brings the bytes calls the methods of {@linkcode SocketHandler}; the others end the connection.
 *
 * @example A server that hangs up on some clients
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type Socket, type WSGIConnection, WSGIServer } from "@x/cogen-wsgi";
 * import { memoryNetwork } from "@x/cogen-wsgi/adapters/memory";
 *
 * class PrivateServer extends WSGIServer {
 *   override accept(socket: Socket): WSGIConnection {
 *     const connection = super.accept(socket);
 *     const { remote } = socket;
 *     if (remote.family !== "unix" && !remote.host.startsWith("127.")) connection.destroy();
 *     return connection;
 *   }
 * }
 *
 * const network = memoryNetwork();
 * const server = await new PrivateServer({
 *   adapter: network.adapter,
 *   bindAddr: ["127.0.0.1", 80],
 *   wsgiApp: () => [],
 * }).listen();
 * assertEquals(server.stats().connections, 0);
 * await server.close();
 * ```
 */
export interface WSGIConnection extends SocketHandler {
  /** Whether it is between requests. */
  readonly idle: boolean;
  /** Ends it once the request under way is answered; at once if there is none. */
  retire(): void;
  /** Ends the request under way through its app's `finally`; without one, the connection at once. */
  abort(reason: Error): void;
  /** Ends it at once. */
  destroy(): void;
}
