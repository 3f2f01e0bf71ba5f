/**
 * The option `tls`: the certificate and the key to serve with.
 *
 * Only members that mean the same on every runtime exist. Each runtime speaks TLS 1.2 and 1.3, offers
 * `http/1.1` by ALPN, and asks the client for no certificate.
 *
 * @module
 */

import { checkNames, type Duration, showValue, toMilliseconds } from "../../coroutine/mod.ts";
import type { ListenTLSOptions } from "../../socket/mod.ts";

/**
 * The option `tls` of a server.
 *
 * @example Your code reads the files: a path is refused
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { serve } from "@x/cogen-wsgi";
 *
 * const mistaken = { cert: "/etc/tls/cert.pem", key: "/etc/tls/key.pem" };
 * await assertRejects(
 *   () => serve({ tls: mistaken, wsgiApp: () => [] }),
 *   TypeError,
 *   "tls.cert is not in PEM",
 * );
 * ```
 */
export interface TLSOptions {
  /** The server's certificate, followed by the certificates of its issuers (not the root), in PEM. */
  readonly cert: string | Uint8Array;
  /** The certificate's private key, in PEM. */
  readonly key: string | Uint8Array;
  /** Decrypts the key, if it is encrypted (`BEGIN ENCRYPTED PRIVATE KEY`). */
  readonly passphrase?: string;
  /** How long a client may take to complete the handshake. Default 10 s. */
  readonly handshakeTimeout?: Duration;
}

/** The names of all members of the option `tls`. */
export const KNOWN_MEMBERS: readonly string[] = ["cert", "key", "passphrase", "handshakeTimeout"];

const ADVICE = "write tls: { cert, key }, each the text of a PEM file, not its path";

/**
 * Checks the option `tls`. Only `listen` can check whether the certificate and the key are usable.
 *
 * @param tls The option of the user.
 * @returns The option for an adapter: the certificate and the key as text, the time in
 *   milliseconds.
 * @throws {TypeError} For a member that is unknown, missing or of the wrong kind.
 * @throws {RangeError} For a time that is negative or not a number.
 *
 * @example
 * ```ts ignore
 * resolveTls({ cert: readFileSync("cert.pem"), key: readFileSync("key.pem") });
 * ```
 */
export function resolveTls(tls: TLSOptions): ListenTLSOptions {
  if (typeof tls !== "object" || tls === null || "then" in tls) {
    throw new TypeError(`tls is ${showValue(tls)}: ${ADVICE}`);
  }
  checkNames("tls", tls, KNOWN_MEMBERS, { complaint: "Unknown tls option" });
  const { passphrase, handshakeTimeout } = tls;
  if (passphrase !== undefined && typeof passphrase !== "string") {
    throw new TypeError(
      "tls.passphrase is no string: write the text of the passphrase, or leave it out",
    );
  }
  return {
    cert: pem("cert", tls.cert),
    key: pem("key", tls.key),
    ...(passphrase === undefined ? {} : { passphrase }),
    handshakeTimeoutMs: toMilliseconds(
      handshakeTimeout === undefined ? 10 : handshakeTimeout,
      "tls.handshakeTimeout",
    ),
  };
}

/** A key that is no PEM may be one in another form, so the error does not show the value. */
function pem(name: "cert" | "key", value: unknown): string {
  if (value === undefined || value === "") throw new TypeError(`tls has no ${name}: ${ADVICE}`);
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  if (typeof text !== "string" || !text.includes("-----BEGIN ")) {
    throw new TypeError(`tls.${name} is not in PEM: ${ADVICE}`);
  }
  return text;
}
