/**
 * The option `tls`: the certificates and the keys to serve with, and the certificates of clients.
 *
 * Only members that mean the same on every runtime exist. Each runtime speaks TLS 1.2 and 1.3, and offers
 * `http/1.1` by ALPN.
 *
 * @module
 */

import {
  checkNames,
  checkOption,
  type Duration,
  optionError,
  showValue,
  toMilliseconds,
} from "../../coroutine/mod.ts";
import type { ListenCertificate, ListenTLSOptions } from "../../socket/mod.ts";
import { isPromise } from "../../wsgi/mod.ts";
import { noTime } from "../timeouts.ts";

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
export interface TLSOptions extends CertificateOptions {
  /**
   * The certificates of further host names, for clients that ask for one of them (SNI): a record of names. The
   * first label of a name may be `*`, which stands for one label. Clients that ask for no name, or for another
   * one, get `cert`.
   */
  readonly names?: Readonly<Record<string, CertificateOptions>>;
  /**
   * Whether a client is asked for a certificate: `"none"`, `"optional"`, or `"required"`. A certificate that
   * `ca` has not issued fails the handshake. The environ has the keys `SSL_CLIENT_*`. Default `"none"`.
   */
  readonly clientCertificate?: "none" | "optional" | "required";
  /** The certificates of the issuers of the clients' certificates, in PEM. */
  readonly ca?: string | Uint8Array;
  /** How long a client may take to complete the handshake. Default 10 s. */
  readonly handshakeTimeout?: Duration;
  /**
   * Whether `reloadTls` of the server will be called. Deno needs to know when it begins to listen, and then
   * serves as with `names` or `clientCertificate`: by `node:tls`. Default `false`; the other runtimes can always
   * reload.
   */
  readonly reloadable?: boolean;
}

/** A certificate and its key. */
export interface CertificateOptions {
  /** The server's certificate, followed by the certificates of its issuers (not the root), in PEM. */
  readonly cert: string | Uint8Array;
  /** The certificate's private key, in PEM. */
  readonly key: string | Uint8Array;
  /** Decrypts the key, if it is encrypted (`BEGIN ENCRYPTED PRIVATE KEY`). */
  readonly passphrase?: string;
}

/** The names of all members of the option `tls`. */
export const KNOWN_MEMBERS: readonly string[] = [
  ...["cert", "key", "passphrase", "names", "clientCertificate", "ca", "handshakeTimeout"],
  "reloadable",
];

/** The names of all members of a certificate. */
const PAIR_MEMBERS: readonly string[] = ["cert", "key", "passphrase"];

/** A host name in ASCII, or one with `*` as its first label. */
const NAME = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/** In seconds. */
const DEFAULT_HANDSHAKE_TIMEOUT = 10;

const ADVICE = "write tls: { cert, key }, each the text of a PEM file, not its path";

/**
 * Checks the option `tls`. Only `listen` can check whether the certificate and the key are usable.
 *
 * @param tls The option of the user.
 * @returns The option for an adapter: the certificates and the keys as text, the time in
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
  if (typeof tls !== "object" || tls === null || isPromise(tls)) {
    throw new TypeError(`tls is ${showValue(tls)}: ${ADVICE}`);
  }
  tls = checkNames("tls", tls, KNOWN_MEMBERS, { complaint: "Unknown tls option" });
  const { handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT, reloadable } = tls;
  checkOption("tls.reloadable", reloadable, "boolean");
  const handshakeTimeoutMs = toMilliseconds(handshakeTimeout, "tls.handshakeTimeout");
  if (handshakeTimeoutMs === 0) throw noTime("tls.handshakeTimeout");
  return {
    ...pairOf("tls", tls),
    ...namesOf(tls.names),
    ...demandOf(tls),
    handshakeTimeoutMs,
    ...(reloadable === true ? { reloadable } : {}),
  };
}

function pairOf(place: string, { cert, key, passphrase }: CertificateOptions): ListenCertificate {
  if (passphrase !== undefined && typeof passphrase !== "string") {
    throw new TypeError(
      `${place}.passphrase is no string: write the text of the passphrase, or leave it out`,
    );
  }
  return {
    cert: pem(place, "cert", cert),
    key: pem(place, "key", key),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

function namesOf(names: TLSOptions["names"]): Pick<ListenTLSOptions, "names"> {
  if (names === undefined) return {};
  if (typeof names !== "object" || names === null || Array.isArray(names)) {
    throw optionError("tls.names", names, 'an object, such as { "a.example": { cert, key } }');
  }
  const pairs = Object.entries(names).map(([name, pair]) => {
    const place = `tls.names[${showValue(name)}]`;
    if (!NAME.test(name.toLowerCase())) {
      throw new TypeError(
        `${place} is no host name: expected one such as a.example or *.a.example`,
      );
    }
    return [name.toLowerCase(), pairOf(place, checkNames(place, pair, PAIR_MEMBERS))] as const;
  });
  return { names: Object.fromEntries(pairs) };
}

function demandOf(
  { clientCertificate, ca }: TLSOptions,
): Pick<ListenTLSOptions, "clientCertificate"> {
  if (![undefined, "none", "optional", "required"].includes(clientCertificate)) {
    throw optionError(
      "tls.clientCertificate",
      clientCertificate,
      '"none", "optional" or "required"',
    );
  }
  const isAsked = clientCertificate === "optional" || clientCertificate === "required";
  if (!isAsked && ca === undefined) return {};
  if (!isAsked) {
    throw new TypeError(
      'tls.ca is of no use alone: add clientCertificate: "required" or "optional" to ask clients',
    );
  }
  if (ca === undefined) {
    throw new TypeError(
      `tls.clientCertificate is "${clientCertificate}", and tls.ca is missing: expected the certificates ` +
        "of the issuers, in PEM",
    );
  }
  const isRequired = clientCertificate === "required";
  return { clientCertificate: { ca: pem("tls", "ca", ca), isRequired } };
}

/** A key that is no PEM may be one in another form, so the error does not show the value. */
function pem(place: string, name: "cert" | "key" | "ca", value: unknown): string {
  if (value === undefined || value === "") {
    throw new TypeError(`${place} has no ${name}: ${ADVICE}`);
  }
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  if (typeof text !== "string" || !text.includes("-----BEGIN ")) {
    throw new TypeError(`${place}.${name} is not in PEM: ${ADVICE}`);
  }
  return text;
}
