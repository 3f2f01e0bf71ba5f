/**
 * The keys `SSL_CLIENT_*` of the environ, with the names and the forms of Apache's mod_ssl.
 *
 * `connections.ts` calls this, once for each connection, if the server asks for certificates.
 *
 * @module
 */

import { decodeLatin1 } from "../../../socket/mod.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { commonName, formatName } from "./distinguished_name.ts";

/** The keys and their values. */
export type CertificateKeys = Readonly<Record<`SSL_CLIENT_${string}`, string>>;

/**
 * Makes the keys of a client.
 *
 * @param der The certificate that the runtime has checked; `undefined` if the client has none.
 * @returns The keys. `SSL_CLIENT_VERIFY` is `SUCCESS`, `NONE`, or `FAILED:` and the reason why the certificate
 *   cannot be read.
 */
export function certificateKeys(der: Uint8Array | undefined): CertificateKeys {
  if (der === undefined) return { SSL_CLIENT_VERIFY: "NONE" };
  let certificate: Certificate;
  try {
    certificate = readCertificate(der);
  } catch (error) {
    return { SSL_CLIENT_VERIFY: `FAILED:${(error as Error).message}` };
  }
  const { subject, issuer, emails, hosts } = certificate;
  return {
    SSL_CLIENT_VERIFY: "SUCCESS",
    SSL_CLIENT_M_SERIAL: certificate.serial,
    SSL_CLIENT_S_DN: formatName(subject),
    ...one("SSL_CLIENT_S_DN_CN", commonName(subject)),
    SSL_CLIENT_I_DN: formatName(issuer),
    ...one("SSL_CLIENT_I_DN_CN", commonName(issuer)),
    SSL_CLIENT_V_START: certificate.validFrom,
    SSL_CLIENT_V_END: certificate.validTo,
    ...numbered("SSL_CLIENT_SAN_Email", emails),
    ...numbered("SSL_CLIENT_SAN_DNS", hosts),
    SSL_CLIENT_CERT: pemOf(der),
  };
}

function one(key: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [key]: value };
}

function numbered(key: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [`${key}_${index}`, value]));
}

/** The certificate in PEM: lines of 64 characters. */
function pemOf(der: Uint8Array): string {
  const lines = btoa(decodeLatin1(der, 0, der.length)).replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
