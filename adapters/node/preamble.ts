/**
 * The plain bytes that a peer sends before its handshake, such as a header of the PROXY protocol.
 *
 * The bytes are read from the accepted stream, and those after the preamble are put back, so that the TLS
 * stream finds them.
 *
 * `node/listen.ts` and `node/accepted.ts` call this.
 *
 * @module
 */

import type { Socket as Stream } from "node:net";
import type { ListenOptions, OpenHandler, Preamble } from "../../src/socket/mod.ts";
import { endAddress, type UnixPaths } from "../shared/end_address.ts";
import { startTimer } from "../shared/timer.ts";
import { NodeSocket } from "./socket.ts";
import type { Encryption } from "./tls.ts";

/** How the connections of a listener are opened. */
export interface Opening {
  readonly tls: ListenOptions["tls"] | undefined;
  readonly encryption: Encryption | undefined;
  /** The paths of Unix connections; `undefined` for TCP. */
  readonly paths: UnixPaths | undefined;
  readonly log: (line: string) => void;
}

/**
 * Opens an accepted stream as a socket, after its preamble if there is one.
 *
 * @param stream The stream, from which no byte was read.
 * @param opening How the connections of its listener are opened.
 * @param open Gives the socket its handler.
 */
export function openStream(stream: Stream, opening: Opening, open: OpenHandler): void {
  const { tls, encryption, paths, log } = opening;
  const begin = (handlerOf: OpenHandler) =>
    new NodeSocket(stream, encryption?.wrap(stream), paths, log).open(handlerOf);
  const remote = tls?.preamble &&
    endAddress(paths?.remote, stream.remoteAddress, stream.remotePort);
  const preamble = remote && tls?.preamble?.(remote);
  if (preamble === undefined) return begin(open);
  readPreamble(stream, preamble, tls?.handshakeTimeoutMs ?? Infinity, begin);
}

function readPreamble(
  stream: Stream,
  preamble: Preamble,
  timeoutMs: number,
  begin: (open: OpenHandler) => void,
): void {
  let hasBytes = false;
  const stop = () => {
    cancelTimer();
    stream.off("data", onData).off("end", onEnd).off("error", onEnd);
  };
  const fail = (reason: string) => {
    stop();
    // An error that comes later has no listener otherwise, and would end the process.
    stream.on("error", () => {}).destroy();
    preamble.failed(reason);
  };
  const onData = (bytes: Uint8Array) => {
    hasBytes = true;
    let rest: Uint8Array | undefined;
    try {
      rest = preamble.read(bytes);
    } catch (error) {
      return fail((error as Error).message);
    }
    if (rest === undefined) return;
    stop();
    stream.pause();
    if (rest.length > 0) stream.unshift(rest);
    begin((socket) => preamble.accept(socket));
  };
  const onEnd = () => {
    // A proxy that checks whether the port is open sends no byte.
    if (hasBytes) return fail("it is cut");
    stop();
    stream.on("error", () => {}).destroy();
  };
  const cancelTimer = startTimer(timeoutMs, () => fail("it did not come in time"));
  stream.on("data", onData).on("end", onEnd).on("error", onEnd);
  stream.resume();
}
