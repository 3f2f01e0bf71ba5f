/**
 * The connections that wait for the PROXY header which a peer sends before its handshake.
 *
 * They have no socket yet, and the adapter reads their bytes. They count as open connections, and a shutdown ends
 * them with the idle ones.
 *
 * `openings.ts` owns this.
 *
 * @module
 */

import type { Address, Preamble, Socket } from "../../socket/mod.ts";
import { type ProxyHeader, ProxyHeaderReader } from "../../socket/proxy_protocol/mod.ts";
import { type ProxyProtocol, sendsHeader } from "../listening/proxy_option.ts";

/** The connections of a server, as this needs them. */
export interface PreambleHost {
  /** Whether no connection may be added. The server has then told of the refusal. */
  refusesConnection(remote: Address): boolean;
  /** A header is wrong, or does not come. */
  headerRefused(reason: string, remote: Address): void;
  /** A connection has ended. */
  preambleEnded(): void;
}

/** All connections of a server that wait for a header. */
export class Preambles {
  readonly #host: PreambleHost;
  /** The functions that end the connections. */
  readonly #waiting = new Set<() => void>();
  /** The headers that have come. */
  readonly #headers = new WeakMap<Socket, ProxyHeader>();

  constructor(host: PreambleHost) {
    this.#host = host;
  }

  /** The number of connections that wait for their header. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Begins to wait for the header of a peer.
   *
   * @param option The checked option.
   * @param remote The peer.
   * @param end Ends the connection without a further call.
   * @param accept Takes the socket of the connection after its handshake has begun.
   * @returns `undefined` if the peer sends no header, or the connection was ended at once.
   */
  begin(
    option: ProxyProtocol,
    remote: Address,
    end: () => void,
    accept: Preamble["accept"],
  ): Preamble | undefined {
    if (!sendsHeader(option, { remote })) return undefined;
    if (this.#host.refusesConnection(remote)) return void end();
    const reader = new ProxyHeaderReader(option.version);
    let header: ProxyHeader | undefined;
    this.#waiting.add(end);
    return {
      read: (bytes) => (header = reader.read(bytes)) && reader.rest,
      accept: (socket) => {
        this.#waiting.delete(end);
        if (header !== undefined) this.#headers.set(socket, header);
        return accept(socket);
      },
      failed: (reason) => {
        this.#waiting.delete(end);
        if (reason !== undefined) this.#host.headerRefused(reason, remote);
        this.#host.preambleEnded();
      },
    };
  }

  /** The header that has come before the handshake of a socket. */
  headerOf(socket: Socket): ProxyHeader | undefined {
    return this.#headers.get(socket);
  }

  /** Ends all connections that wait. */
  endAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const end of waiting) end();
    if (waiting.length > 0) this.#host.preambleEnded();
  }
}
