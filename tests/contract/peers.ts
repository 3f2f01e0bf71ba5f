/**
 * Listeners for the connections that an adapter dials. They do not use the adapter.
 *
 * @module
 */

import { createServer } from "node:net";
import type { MemoryNetwork } from "../../adapters/memory.ts";
import { ipAddress } from "../../src/socket/address.ts";
import type { Address, ListenAddress } from "../../src/socket/socket.ts";
import { type Client, memoryEnd, NetClient } from "./client.ts";
import { until } from "./waiting.ts";

/** A listener, and its accepted connections. */
export interface Peers {
  readonly address: Address;
  /** The connections accepted so far. */
  readonly clients: readonly Client[];
  /** Waits for the next accepted connection. */
  next(): Promise<Client>;
  close(): Promise<void>;
}

class Queue {
  readonly clients: Client[] = [];
  #taken = 0;

  readonly next = async (): Promise<Client> => {
    await until("a peer", () => this.clients.length > this.#taken);
    return this.clients[this.#taken++]!;
  };
}

/** Listens by the runtime's `node:net`. */
export async function netPeers(asked: ListenAddress): Promise<Peers> {
  const { clients, next } = new Queue();
  const server = createServer({ allowHalfOpen: true }, (stream) => {
    clients.push(new NetClient(stream));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(asked, resolve);
  });
  const bound = server.address();
  const address: Address = bound === null || typeof bound === "string"
    ? { family: "unix", path: (asked as { path: string }).path }
    : ipAddress(bound.address, bound.port);
  const close = () => {
    server.close();
    return Promise.resolve();
  };
  return { address, clients, next, close };
}

/** Listens in memory. */
export async function memoryPeers(network: MemoryNetwork, asked: ListenAddress): Promise<Peers> {
  const { clients, next } = new Queue();
  const accept = memoryEnd((client) => void clients.push(client));
  const { address, close } = await network.adapter.listen(asked, {}, accept);
  return { address, clients, next, close };
}
