/**
 * TLS over Node's streams. The handshake belongs to the connection, which exists before it: so
 * limits on connections hold for clients that never come to the point.
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
 * @param options As of `listen`.
 * @returns What wraps each connection. It is half-open as the connection under it is.
 * @throws What OpenSSL says of a certificate or key that it cannot use.
 */
export function encryption(options: ListenTLSOptions): Encrypt {
  const { handshakeTimeout, ...credentials } = options;
  const settings: TLSSocketOptions & { highWaterMark: number } = {
    isServer: true,
    secureContext: createSecureContext(credentials),
    ALPNProtocols: ["http/1.1"],
    highWaterMark: MAX_READ_AHEAD_BYTES,
  };
  return (raw) => {
    const stream = new TLSSocket(raw, settings);
    raw.on("error", (error) => stream.destroy(error));
    // What breaks after the handshake, such as a record that cannot be decrypted, is told of here
    // alone: Node's own server listens for it, too.
    stream.on("_tlsError", (error: Error) => stream.destroy(error));
    // TLS 1.2 lets a client ask for a handshake again and again, and each costs us more than it.
    stream.disableRenegotiation();
    limitHandshake(stream, handshakeTimeout);
    return stream;
  };
}

/** Destroys a stream whose handshake takes too long, or whose peer ends in the middle of it. */
function limitHandshake(stream: TLSSocket, milliseconds: number): void {
  const give = (reason: string) => () => stream.destroy(new Error(`TLS handshake: ${reason}`));
  const left = give("the peer has left");
  const cancelTimer = startTimer(milliseconds, give(`not done in ${milliseconds} ms`));
  stream.once("end", left);
  stream.once("close", cancelTimer);
  stream.once("secure", () => {
    cancelTimer();
    stream.off("end", left);
  });
}
