/**
 * The check whether a certificate and a key belong together.
 *
 * The trap: Node listens with a certificate and a key of two kinds, such as RSA and EC. Then every
 * handshake fails, and no error tells the reason.
 *
 * The `listen` of Node, Deno and Bun calls this.
 *
 * @module
 */

import type { ListenTLSOptions } from "../../src/socket/mod.ts";
import { builtinModule } from "./builtin_module.ts";

/** The members of `node:crypto` that are used. */
interface CryptoModule {
  createPrivateKey(options: { key: string; format: "pem"; passphrase?: string }): unknown;
  X509Certificate: new (pem: string) => { checkPrivateKey(key: unknown): boolean };
}

/**
 * Refuses a key that does not belong to its certificate.
 *
 * @param options The TLS options of an adapter's `listen`.
 * @throws {TypeError} If both can be read and do not belong together. If one cannot be read, the runtime
 *   has a better error.
 */
export function checkCertificateKey({ cert, key, passphrase }: ListenTLSOptions): void {
  if (belongTogether(cert, key, passphrase) !== false) return;
  throw new TypeError(
    "tls.key does not belong to tls.cert: pass the key that the certificate was made for, and the " +
      "certificate of the server before those of its issuers",
  );
}

/** Compares the public keys of both; `undefined` if one cannot be read. */
function belongTogether(cert: string, key: string, passphrase?: string): boolean | undefined {
  try {
    const { createPrivateKey, X509Certificate } = builtinModule<CryptoModule>("node:crypto");
    const secret = createPrivateKey({
      key,
      format: "pem",
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    return new X509Certificate(cert).checkPrivateKey(secret);
  } catch {
    return undefined;
  }
}
