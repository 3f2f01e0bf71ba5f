/**
 * Opens accepted streams as sockets, with TLS and after a preamble if their listener has them.
 *
 * `node/listen.ts` and `node/accepted.ts` call this.
 *
 * @module
 */

import type { Socket as Stream } from "node:net";
import type { OpenHandler } from "../../src/socket/mod.ts";
import { endAddress, type UnixPaths } from "../shared/end_address.ts";
import type { OpeningTLS } from "./preamble.ts";
import { NodeSocket } from "./socket.ts";

/** How the connections of a listener are opened. */
export interface Opening {
  /** The code of this object is loaded only for a listener with TLS. */
  readonly tls: OpeningTLS | undefined;
  /** The paths of Unix connections; `undefined` for TCP. */
  readonly paths: UnixPaths | undefined;
  readonly log: (line: string) => void;
}

/**
 * Opens an accepted stream as a socket, after its preamble if there is one.
 *
 * @param stream The stream, from which no byte was read.
 * @param opening How the connections of its listener are opened.
 * @param open Gives the connection its handler.
 */
export function openStream(stream: Stream, { tls, paths, log }: Opening, open: OpenHandler): void {
  const begin = (handlerOf: OpenHandler) =>
    new NodeSocket(stream, tls?.encryption.wrap(stream), paths, log).open(handlerOf);
  if (tls?.options.preamble === undefined) return begin(open);
  const remote = endAddress(paths?.remote, stream.remoteAddress, stream.remotePort);
  if (!tls.takes(stream, remote, begin)) begin(open);
}
