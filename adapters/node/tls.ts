/**
 * The encryption of Node's streams with TLS.
 *
 * A connection exists before its handshake. So the limits on connections also count a client that
 * never begins a handshake.
 *
 * `node/listen.ts` calls this.
 *
 * @module
 */

import type { Socket as Stream } from "node:net";
import { createSecureContext, TLSSocket, type TLSSocketOptions } from "node:tls";
import { type ListenTLSOptions, MAX_READ_AHEAD_BYTES } from "../../src/socket/mod.ts";
import { startTimer } from "../shared/timer.ts";

/** Wraps an accepted connection in TLS. */
export type Encrypt = (raw: Stream) => TLSSocket;

/**
 * Reads a certificate and its key.
 *
 * @param options The TLS options of the adapter's `listen`.
 * @returns The function that wraps each connection. The TLS stream can be half-closed, as the
 *   stream below.
 * @throws The error of OpenSSL, for a certificate or key that it cannot use.
 */
export function encryption(options: ListenTLSOptions): Encrypt {
  const { handshakeTimeoutMs, ...credentials } = options;
  const settings: TLSSocketOptions & { highWaterMark: number } = {
    isServer: true,
    secureContext: createSecureContext(credentials),
    ALPNProtocols: ["http/1.1"],
    highWaterMark: MAX_READ_AHEAD_BYTES,
  };
  return (raw) => {
    const stream = new TLSSocket(raw, settings);
    raw.on("error", (error) => stream.destroy(error));
    // Only this event reports a failure after the handshake, for example a record that cannot be
    // decrypted. `tls.Server` listens for the event, too.
    stream.on("_tlsError", (error: Error) => stream.destroy(error));
    // In TLS 1.2 a client may ask for a new handshake at any time, and each one costs the server
    // more than the client.
    stream.disableRenegotiation();
    limitHandshake(stream, handshakeTimeoutMs);
    return stream;
  };
}

/** Destroys a stream if the handshake takes too long, or if the peer ends during the handshake. */
function limitHandshake(stream: TLSSocket, timeoutMs: number): void {
  const fail = (reason: string) => () => stream.destroy(new Error(`TLS handshake: ${reason}`));
  const onEnd = fail("the peer has left");
  const cancelTimer = startTimer(timeoutMs, fail(`not done in ${timeoutMs} ms`));
  stream.once("end", onEnd);
  stream.once("close", cancelTimer);
  stream.once("secure", () => {
    cancelTimer();
    stream.off("end", onEnd);
  });
}
