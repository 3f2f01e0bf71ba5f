/**
 * The check of certificates and keys: whether they can be read, and whether a key belongs to its certificate.
 *
 * The traps: Node listens with a certificate and a key of two kinds, such as RSA and EC. Then every
 * handshake fails, and no error tells the reason. Deno reads a certificate at the first handshake only, so
 * a certificate or a key that cannot be read is refused here.
 *
 * `node/tls.ts` calls this.
 *
 * @module
 */

import type { ListenCertificate, ListenTLSOptions } from "../../src/socket/mod.ts";
import { builtinModule } from "./builtin_module.ts";

/** The members of `node:crypto` that are used. */
interface CryptoModule {
  createPrivateKey(options: { key: string; format: "pem"; passphrase?: string }): unknown;
  X509Certificate: new (pem: string) => { checkPrivateKey(key: unknown): boolean };
}

/** The blocks of a PEM file with certificates. */
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Refuses certificates and keys that cannot be used.
 *
 * @param options The TLS options of an adapter's `listen`.
 * @throws {TypeError} If a key does not belong to its certificate, a certificate has no end, or `ca` has none.
 *   On Deno, also if a certificate or a key cannot be read; the other runtimes tell that when they use them.
 */
export function checkCertificates(options: ListenTLSOptions): void {
  checkPair("tls", options);
  for (const [name, certificate] of Object.entries(options.names ?? {})) {
    checkPair(placeOf(name), certificate);
  }
  const { clientCertificate } = options;
  if (clientCertificate !== undefined) checkIssuers(clientCertificate.ca);
}

/** The option with the certificate of a name. */
export function placeOf(name: string): string {
  return `tls.names[${JSON.stringify(name)}]`;
}

function checkPair(place: string, pair: ListenCertificate): void {
  const { cert } = pair;
  const { createPrivateKey, X509Certificate } = crypto();
  const secret = readIn(`${place}.key`, () => createPrivateKey(keyOptions(pair)));
  checkEnds(`${place}.cert`, cert);
  const certificate = readIn(`${place}.cert`, () => new X509Certificate(cert));
  if (secret === undefined || certificate === undefined) return;
  if (certificate.checkPrivateKey(secret)) return;
  throw new TypeError(
    `${place}.key does not belong to ${place}.cert: pass the key that the certificate was made for, and ` +
      "the certificate of the server before those of its issuers",
  );
}

/**
 * Names the option of a certificate that the runtime has refused: its error tells neither the certificate nor the
 * key, and a file that is half written is cut anywhere.
 *
 * @param place The option that has the certificate and the key.
 * @param refused The certificate and the key.
 * @param cause The error of the runtime.
 * @returns The error to throw.
 */
export function refusedPair(place: string, refused: ListenCertificate, cause: unknown): TypeError {
  let part = "cert";
  try {
    crypto().createPrivateKey(keyOptions(refused));
  } catch {
    part = "key";
  }
  return new TypeError(`${place}.${part} cannot be used: ${cause}`, { cause });
}

function keyOptions({ key, passphrase }: ListenCertificate) {
  return { key, format: "pem" as const, ...(passphrase === undefined ? {} : { passphrase }) };
}

/** The runtimes take a file whose last certificate is cut: Deno that of a server, all that of the issuers. */
function checkEnds(place: string, certificates: string): void {
  const begun = certificates.split("-----BEGIN CERTIFICATE-----").length - 1;
  if (begun === (certificates.match(CERTIFICATES) ?? []).length) return;
  throw new TypeError(`${place} cannot be used: a certificate in it has no end`);
}

function checkIssuers(ca: string): void {
  checkEnds("tls.ca", ca);
  const blocks = ca.match(CERTIFICATES) ?? [];
  try {
    for (const block of blocks) new (crypto().X509Certificate)(block);
  } catch (cause) {
    throw new TypeError(`tls.ca has a certificate that cannot be read: ${cause}`, { cause });
  }
  if (blocks.length > 0) return;
  throw new TypeError("tls.ca has no certificate: expected those of the issuers, in PEM");
}

/** Reads a certificate or a key; `undefined` if that fails on a runtime that will report it. */
function readIn<Value>(place: string, read: () => Value): Value | undefined {
  try {
    return read();
  } catch (cause) {
    if (!("Deno" in globalThis)) return undefined;
    throw new TypeError(`${place} cannot be used: ${cause}`, { cause });
  }
}

function crypto(): CryptoModule {
  return builtinModule<CryptoModule>("node:crypto");
}
