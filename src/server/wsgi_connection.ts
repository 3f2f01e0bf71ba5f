/**
 * The connection of one client, as embedders and subclasses see it.
 *
 * A `WSGIConnection` passes the events of its socket on to a `ClientConnection`, which serves the
 * requests. `WSGIServer.accept` makes it.
 *
 * @module
 */

import type { Socket, SocketHandler } from "../socket/mod.ts";
import type { ClientConnection } from "./client_connection.ts";
import { connectionsOf } from "./connections.ts";

/** A `WSGIServer`, as a connection needs it. */
export interface ConnectionServer {
  /** Serves a connection. */
  accept(socket: Socket): WSGIConnection;
}

/**
 * The connection of one client, and the handler of its socket.
 *
 * `new WSGIConnection(socket, server)` serves any byte stream. A server makes one for each connection
 * that its listener accepts; its option `ConnectionClass` takes a subclass, which may look at each event
 * before it passes the event on with `super`.
 *
 * @example A connection that counts its bytes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve, WSGIConnection } from "@x/cogen-wsgi";
 *
 * let received = 0;
 * class CountingConnection extends WSGIConnection {
 *   override onData(bytes: Uint8Array): void {
 *     received += bytes.length;
 *     super.onData(bytes);
 *   }
 * }
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   ConnectionClass: CountingConnection,
 *   wsgiApp(_environ, startResponse) {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return ["hello"];
 *   },
 * });
 * assertEquals(await (await fetch(server.url)).text(), "hello");
 * assertEquals(received > 0, true);
 * ```
 */
export class WSGIConnection implements SocketHandler {
  readonly #connection: ClientConnection;

  /**
   * Serves a connection. Its socket must call the methods of {@linkcode SocketHandler}.
   *
   * @param socket The connection.
   * @param server The `WSGIServer` that serves it.
   * @throws {TypeError} If `server` is no `WSGIServer`.
   */
  constructor(socket: Socket, server: ConnectionServer) {
    this.#connection = connectionsOf(server).accept(socket);
  }

  /** Whether the connection is between two requests. */
  get idle(): boolean {
    return this.#connection.idle;
  }

  /**
   * Whether the connection ends between two requests, because of {@linkcode retire}, though its last response did
   * not have `Connection: close`: the client may be sending a further request.
   */
  get endsUnannounced(): boolean {
    return this.#connection.endsUnannounced;
  }

  /** Takes bytes of the client: see {@linkcode SocketHandler}. */
  onData(bytes: Uint8Array, owned?: boolean): void {
    this.#connection.onData(bytes, owned);
  }

  /** The number of bytes of a body that the app takes next: see {@linkcode SocketHandler}. */
  get wantedBytes(): number {
    return this.#connection.wantedBytes;
  }

  /** Takes the end of the client's direction. */
  onEnd(): void {
    this.#connection.onEnd();
  }

  /** Takes the news that the socket has room again. */
  onDrain(): void {
    this.#connection.onDrain();
  }

  /** Takes the end of the connection. */
  onClose(error?: Error): void {
    this.#connection.onClose(error);
  }

  /** Ends the connection once the request under way is answered; at once if there is none. */
  retire(): void {
    this.#connection.retire();
  }

  /**
   * Cancels the request under way through its app's `finally`. Without a request, ends the connection
   * at once.
   *
   * @param reason The error that the app gets.
   */
  abort(reason: Error): void {
    this.#connection.abort(reason);
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#connection.destroy();
  }
}
