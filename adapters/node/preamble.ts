/**
 * The plain bytes that a peer sends before its handshake, such as a header of the PROXY protocol.
 *
 * The bytes are read from the accepted stream, and those after the preamble are put back, so that the TLS
 * stream finds them.
 *
 * `node/listen.ts` imports this for a listener with TLS, and `node/accepted.ts` does.
 *
 * @module
 */

import type { Socket as Stream } from "node:net";
import type { Address, ListenTLSOptions, OpenHandler, Preamble } from "../../src/socket/mod.ts";
import { startTimerInParts } from "../shared/timer.ts";
import { Encryption } from "./tls.ts";

/** The TLS of a listener. */
export class OpeningTLS {
  readonly options: ListenTLSOptions;
  readonly encryption: Encryption;

  /**
   * Reads the certificates and the keys.
   *
   * @param options The TLS options of the adapter's `listen`.
   * @throws For a certificate or key that cannot be used.
   */
  constructor(options: ListenTLSOptions) {
    this.options = options;
    this.encryption = new Encryption(options);
  }

  /**
   * Reads the preamble of a stream, if its peer sends one.
   *
   * @param stream The stream, from which no byte was read.
   * @param remote The peer.
   * @param begin Makes the socket after the preamble.
   * @returns Whether the stream was taken: it is read or ended here.
   */
  takes(stream: Stream, remote: Address, begin: (open: OpenHandler) => void): boolean {
    const reading = new PreambleReading(stream);
    const preamble = this.options.preamble?.(remote, () => reading.end());
    if (reading.ended) return true;
    if (preamble === undefined) return false;
    reading.begin(preamble, this.options.handshakeTimeoutMs, begin);
    return true;
  }
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
    const cancelTimer = startTimerInParts(timeoutMs, () => fail("it did not come in time"));
    const stop = () => {
      cancelTimer();
      stream.off("data", onData).off("end", onEnd).off("error", onEnd);
    };
    this.#stop = stop;
    stream.on("data", onData).on("end", onEnd).on("error", onEnd);
    stream.resume();
  }

  #finish(): void {
    this.#ended = true;
    this.#stop?.();
  }
}
