/**
 * Connections that one process accepts and another process serves.
 *
 * The process that listens takes each connection as a stream that it does not read, and sends the stream with
 * `child.send` of `node:child_process`. The other process opens the stream as the socket of a server. The
 * system passes the descriptor, so no byte is copied, and the first process is free of the connection.
 *
 * The trap: a stream that came from another process is made by the runtime with its default options, so the
 * options of `STREAM_OPTIONS` are set afterwards.
 *
 * `node.ts` exports both functions. The command `cogen-wsgi --workers` calls them, on every runtime: the
 * sockets of `Deno.listen` and `Bun.listen` cannot be sent.
 *
 * @module
 */

import * as dns from "node:dns";
import type { Socket as Stream } from "node:net";
import {
  type Address,
  checkListen,
  checkNames,
  type Listener,
  type ListenOptions,
  type ListenTarget,
  type OpenHandler,
} from "../../src/socket/mod.ts";
import { pathsAccepted } from "../shared/end_address.ts";
import { logError } from "../shared/error_log.ts";
import { listenOnEvery } from "../shared/every_address.ts";
import { listenForStreams } from "./listen.ts";
import { openStream } from "./open_stream.ts";
import { OpeningTLS } from "./preamble.ts";

/** A stream of `node:net` that was accepted, and from which no byte was read. */
export interface AcceptedStream {
  /** Closes the descriptor of this process. The connection lives on in a process that has it as well. */
  destroy(): unknown;
}

/**
 * Listens, and gives each connection as a stream that another process can serve.
 *
 * @param address The address. A name is listened on at each of its addresses.
 * @param options The backlog and the log. The process that serves the streams encrypts them.
 * @param take Gets each stream, paused.
 * @returns The listener.
 * @throws Rejects as `listen` of the adapter.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { acceptStreams } from "@x/cogen-wsgi/adapters/node";
 *
 * const address = { host: "127.0.0.1", port: 0 };
 * const listener = await acceptStreams(address, {}, (stream) => stream.destroy());
 * assertEquals(listener.address.family, "IPv4");
 * await listener.close();
 * ```
 */
export async function acceptStreams(
  address: ListenTarget,
  options: Omit<ListenOptions, "tls">,
  take: (stream: AcceptedStream) => void,
): Promise<Listener> {
  options = checkListen(address, options, take);
  const how = { pauseOnConnect: true };
  return await listenOnEvery(
    address,
    (one) => listenForStreams(one, options, how, () => take),
    () => dns,
  );
}

/**
 * Makes the function that serves the streams of another process.
 *
 * @param address The address at which the other process accepted them.
 * @param options The certificate and the log.
 * @returns The function: it opens a stream as a socket, and gives the socket its handler.
 * @throws The error of OpenSSL, for a certificate or key that it cannot use.
 *
 * @example
 * ```ts
 * import { streamOpener } from "@x/cogen-wsgi/adapters/node";
 *
 * const open = streamOpener({ family: "IPv4", host: "127.0.0.1", port: 80 }, {});
 * // process.on("message", (message, stream) => open(stream, (socket) => server.accept(socket)));
 * ```
 */
export function streamOpener(
  address: Address,
  options: ListenOptions,
): (stream: AcceptedStream, open: OpenHandler) => void {
  options = checkNames("The second argument of streamOpener", options, ["log", "tls", "backlog"]);
  const { log = logError } = options;
  const tls = options.tls && new OpeningTLS(options.tls);
  const opening = { tls, paths: pathsAccepted(address), log };
  return (accepted, open) => {
    const stream = accepted as Stream;
    stream.allowHalfOpen = true;
    stream.setNoDelay(true);
    openStream(stream, opening, open);
  };
}
