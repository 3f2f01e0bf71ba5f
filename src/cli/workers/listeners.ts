/**
 * The listening sockets of the supervisor.
 *
 * `serve_workers.ts` makes these.
 *
 * @module
 */

import { type AcceptedStream, acceptStreams } from "../../../adapters/node.ts";
import { parseBindAddress } from "../../server/mod.ts";
import { type Address, formatAddress, type Listener } from "../../socket/mod.ts";
import { type Endpoint, listenFailure, withUnixMode } from "../listening.ts";
import { say } from "../running.ts";
import type { Settings } from "../settings.ts";

/**
 * The connections that wait for accept, if the user does not say. The default of the runtimes, 511, overflows when
 * all clients come at once, and the system then loses some of them. The system may have a lower bound; Bun has 512.
 */
const BACKLOG = 4096;

/** The listening sockets of a service, whose connections go to the workers. */
export class Listeners {
  readonly #endpoints: readonly Endpoint[];
  readonly #settings: Settings;
  readonly #offer: (stream: AcceptedStream, index: number) => void;
  readonly #backlog: number;
  readonly #listeners: Listener[] = [];

  /** @param offer Takes each connection, with the index of its endpoint. */
  constructor(
    endpoints: readonly Endpoint[],
    settings: Settings,
    offer: (stream: AcceptedStream, index: number) => void,
  ) {
    this.#endpoints = endpoints;
    this.#settings = settings;
    this.#backlog = settings.get<number>("backlog") ?? BACKLOG;
    this.#offer = offer;
  }

  /** Begins to listen on all endpoints, and gives their addresses. */
  async open(): Promise<readonly Address[]> {
    for (const [index, endpoint] of this.#endpoints.entries()) {
      this.#listeners.push(await this.#listen(endpoint, index));
    }
    return this.#listeners.map(({ address }) => address);
  }

  /** The addresses for the message of the start. */
  get places(): readonly string[] {
    return this.#listeners.map(({ address }, at) =>
      placeOf(address, this.#endpoints[at] as Endpoint)
    );
  }

  /** The number of connections that the queues of the system can hold. */
  get backlog(): number {
    return this.#listeners.length * this.#backlog;
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  async #listen(endpoint: Endpoint, index: number): Promise<Listener> {
    const options = { log: say, backlog: this.#backlog };
    const address = parseBindAddress(endpoint.bindAddr);
    const take = (stream: AcceptedStream) => this.#offer(stream, index);
    try {
      const accept = () => acceptStreams(address, options, take);
      return await withUnixMode(endpoint, this.#settings.get<number>("unix-mode"), accept);
    } catch (error) {
      throw listenFailure(error, endpoint);
    }
  }
}

function placeOf(address: Address, { isUnix, text, tls }: Endpoint): string {
  if (isUnix || address.family === "unix") return text;
  const host = address.host === "0.0.0.0" ? "127.0.0.1" : address.host === "::" ? "::1" : undefined;
  const reachable = host === undefined ? address : { ...address, host };
  return `${tls === undefined ? "http" : "https"}://${formatAddress(reachable)}/`;
}
