/**
 * Encryption of accepted connections: a `TLSSocket` over the accepted stream.
 *
 * `tls.Server` reports a connection only after its handshake; then no limit on connections would hold
 * during handshakes. So the TLS stream is made here, when the connection is accepted.
 *
 * Each connection begins with the options as of now, so new certificates need no new listener.
 *
 * The traps: a `TLSSocket` that no `tls.Server` has made completes the handshake with a certificate of the
 * client that no known issuer has signed. So the result of the check is read here, before a byte of the
 * client is. And Deno resumes a session of any server of its process, with the certificate that the client
 * had there, and does not check it again. So a resumed session must be that of a certificate which was
 * checked with these issuers.
 *
 * `node/listen.ts` calls this, for all runtimes: `Deno.listenTls` and `Bun.listen` can neither ask for a
 * certificate of the client nor change their own.
 *
 * @module
 */

import type { Socket as Stream } from "node:net";
import {
  createSecureContext,
  type SecureContext,
  TLSSocket,
  type TLSSocketOptions,
} from "node:tls";
import {
  type ListenCertificate,
  type ListenTLSOptions,
  MAX_READ_AHEAD_BYTES,
} from "../../src/socket/mod.ts";
import { checkCertificates, placeOf, refusedPair } from "../shared/certificates.ts";
import { startTimerInParts } from "../shared/timer.ts";

/** The options of a `TLSSocket`. The types of Node leave `highWaterMark` out. */
type StreamOptions = TLSSocketOptions & { readonly highWaterMark: number };

/** The TLS of one listener. */
export class Encryption {
  #settings!: StreamOptions;
  #handshakeTimeoutMs!: number;
  #checked = new CheckedCertificates();

  /**
   * Reads the certificates and the keys.
   *
   * @param options The TLS options of the adapter's `listen`.
   * @throws For a certificate or key that cannot be used.
   */
  constructor(options: ListenTLSOptions) {
    this.reload(options);
  }

  /**
   * Uses other options for the connections to come.
   *
   * @param options The options.
   * @throws As the constructor; then nothing has changed.
   */
  reload(options: ListenTLSOptions): void {
    checkCertificates(options);
    this.#settings = settingsOf(options);
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs;
    this.#checked = new CheckedCertificates();
  }

  /**
   * Wraps an accepted connection.
   *
   * @param raw The stream.
   * @returns The TLS stream, which can be half-closed as the stream below.
   */
  wrap(raw: Stream): TLSSocket {
    const settings = this.#settings;
    const stream = new TLSSocket(raw, settings);
    raw.on("error", (error) => stream.destroy(error));
    // Only this event reports a failure after the handshake, for example a record that cannot be
    // decrypted. `tls.Server` listens for the event, too.
    stream.on("_tlsError", (error: Error) => stream.destroy(error));
    // In TLS 1.2 a client may ask for a new handshake at any time, and each one costs the server
    // more than the client.
    stream.disableRenegotiation();
    if (settings.requestCert) {
      this.#checked.refuseForeign(stream, settings.rejectUnauthorized === true);
    }
    limitHandshake(stream, this.#handshakeTimeoutMs);
    return stream;
  }
}

function settingsOf(options: ListenTLSOptions): StreamOptions {
  const { names = {}, clientCertificate: demand } = options;
  const contextOf = (certificate: ListenCertificate, place: string) => {
    const { cert, key, passphrase } = certificate;
    try {
      return createSecureContext({
        ...{ cert, key },
        ...(passphrase === undefined ? {} : { passphrase }),
        // OpenSSL resumes no session of a client with a certificate without such an id.
        ...(demand === undefined ? {} : { ca: demand.ca, sessionIdContext: "cogen-wsgi" }),
      });
    } catch (cause) {
      throw refusedPair(place, certificate, cause);
    }
  };
  const byName = new Map(
    Object.entries(names).map(([name, certificate]) => {
      return [name, contextOf(certificate, placeOf(name))];
    }),
  );
  return {
    isServer: true,
    secureContext: contextOf(options, "tls"),
    ALPNProtocols: ["http/1.1"],
    highWaterMark: MAX_READ_AHEAD_BYTES,
    requestCert: demand !== undefined,
    rejectUnauthorized: demand?.isRequired === true,
    ...(byName.size === 0 ? {} : {
      SNICallback: (name, done) => done(null, contextFor(name, byName)),
    }),
  };
}

/** Finds the certificate of a name; `undefined` for the one of all other names. */
function contextFor(
  name: string,
  byName: ReadonlyMap<string, SecureContext>,
): SecureContext | undefined {
  const lower = name.toLowerCase();
  return byName.get(lower) ?? byName.get(lower.replace(/^[^.]*/, "*"));
}

/** The largest number of certificates that are remembered. A client beyond it needs a new handshake. */
const MAX_CHECKED = 10_000;

/** The certificates of clients, checked with the issuers of one set of options. */
class CheckedCertificates {
  /** The fingerprints of the certificates that were good; used on Deno only. */
  readonly #fingerprints = new Set<string>();

  /** Destroys a stream after the handshake, if the certificate of the client is not good. */
  refuseForeign(stream: TLSSocket, isRequired: boolean): void {
    stream.once("secure", () => {
      const certificate = stream.getPeerX509Certificate();
      const failure = certificate === undefined
        ? isRequired && "there is none"
        : verifyFailure(stream) || this.#resumptionFailure(stream, certificate.fingerprint256);
      if (failure === false) return;
      stream.destroy(new Error(`TLS handshake: the certificate of the client: ${failure}`));
    });
  }

  #resumptionFailure(stream: TLSSocket, fingerprint: string): string | false {
    if (!("Deno" in globalThis)) return false;
    const known = this.#fingerprints;
    if (stream.isSessionReused()) {
      return known.has(fingerprint) ? false : "its session is that of other issuers";
    }
    if (known.size >= MAX_CHECKED) known.clear();
    known.add(fingerprint);
    return false;
  }
}

/** The reason why a certificate is not good; `false` if it is. It is an error on Node, and text on Deno. */
function verifyFailure(stream: TLSSocket): string | false {
  const { ssl } = stream as unknown as { ssl?: { verifyError?(): unknown } | null };
  if (typeof ssl?.verifyError !== "function") return "this runtime does not check it";
  const failure = ssl.verifyError();
  if (failure === undefined || failure === null || failure === "") return false;
  const { code } = Object(failure) as { code?: unknown };
  return String(code ?? failure);
}

/** Destroys a stream if the handshake takes too long, or if the peer ends during the handshake. */
function limitHandshake(stream: TLSSocket, timeoutMs: number): void {
  const fail = (reason: string) => () => stream.destroy(new Error(`TLS handshake: ${reason}`));
  const onEnd = fail("the peer has left");
  const cancelTimer = startTimerInParts(timeoutMs, fail(`not done in ${timeoutMs} ms`));
  stream.once("end", onEnd);
  stream.once("close", cancelTimer);
  stream.once("secure", () => {
    cancelTimer();
    stream.off("end", onEnd);
  });
}
