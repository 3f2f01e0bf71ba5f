/**
 * The connections of a client: those in use, and those that wait for their next request.
 *
 * `client.ts` calls this.
 *
 * @module
 */

import type { MemoryNetwork } from "../../adapters/memory.ts";
import { ClientSocket } from "./client_socket.ts";

/** The address of the server in the network of a test. */
export const ADDRESS = { host: "127.0.0.1", port: 80 };

/** The connections of one client. */
export class Connections {
  readonly #network: MemoryNetwork;
  /** All connections that are not closed. */
  readonly #sockets = new Set<ClientSocket>();
  /** Connections without a request. */
  readonly #idle: ClientSocket[] = [];

  constructor(network: MemoryNetwork) {
    this.#network = network;
  }

  /** Makes a connection. */
  connect(): ClientSocket {
    const socket = new ClientSocket((handler) => this.#network.connect(ADDRESS, () => handler));
    this.#sockets.add(socket);
    const onClosed = () => this.#sockets.delete(socket);
    socket.onClosed = onClosed;
    return socket;
  }

  /** Takes a connection that waits for its next request; makes one if there is none. */
  take(): ClientSocket {
    for (let socket = this.#idle.pop(); socket !== undefined; socket = this.#idle.pop()) {
      if (socket.reusable) return socket;
    }
    return this.connect();
  }

  /** Keeps a connection whose response is complete, for the next request. */
  keep(socket: ClientSocket): void {
    this.#idle.push(socket);
  }

  /** Cuts all connections. */
  reset(): void {
    for (const socket of this.#sockets) socket.end("reset");
  }
}
