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
  if (remote === undefined) return begin(open);
  const reading = new PreambleReading(stream);
  const preamble = tls?.preamble?.(remote, () => reading.end());
  if (reading.ended) return;
  if (preamble === undefined) return begin(open);
  reading.begin(preamble, tls?.handshakeTimeoutMs ?? Infinity, begin);
}

/** The reading of one preamble. */
class PreambleReading {
  readonly #stream: Stream;
  /** Becomes true when the preamble is complete, or the connection is ended. */
  #ended = false;
  /** Set by `begin`: takes the listeners and the timer away. */
  #stop: (() => void) | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Ends the connection; does nothing once the preamble is complete. */
  end(): void {
    if (this.#ended) return;
    this.#finish();
    // An error that comes later has no listener otherwise, and would end the process.
    this.#stream.on("error", () => {}).destroy();
  }

  /** Reads, and gives the stream on once the preamble is complete. */
  begin(preamble: Preamble, timeoutMs: number, proceed: (open: OpenHandler) => void): void {
    const stream = this.#stream;
    let hasBytes = false;
    const fail = (reason: string | undefined) => {
      this.end();
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
      this.#finish();
      stream.pause();
      if (rest.length > 0) stream.unshift(rest);
      proceed((socket) => preamble.accept(socket));
    };
    // A proxy that checks whether the port is open sends no byte.
    const onEnd = () => fail(hasBytes ? "it is cut" : undefined);
    const cancelTimer = startTimer(timeoutMs, () => fail("it did not come in time"));
    this.#stop = () => {
      cancelTimer();
      stream.off("data", onData).off("end", onEnd).off("error", onEnd);
    };
    stream.on("data", onData).on("end", onEnd).on("error", onEnd);
    stream.resume();
  }

  #finish(): void {
    this.#ended = true;
    this.#stop?.();
  }
}
