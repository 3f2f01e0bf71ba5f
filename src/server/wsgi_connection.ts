/**
 * The public view of a connection, for embedders and for subclasses of the server.
 *
 * @module
 */

import type { SocketHandler } from "../socket/mod.ts";

/**
 * The connection of one client, as `WSGIServer.accept` returns it.
 *
 * The code that reads the socket calls the methods of {@linkcode SocketHandler}; the other methods end
 * the connection.
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
  /** Whether the connection is between two requests. */
  readonly idle: boolean;
  /** Ends the connection once the request under way is answered; at once if there is none. */
  retire(): void;
  /**
   * Cancels the request under way through its app's `finally`. Without a request, ends the connection
   * at once.
   */
  abort(reason: Error): void;
  /** Ends the connection at once. */
  destroy(): void;
}
