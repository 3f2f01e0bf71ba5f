/** The certificate and the keys of the tests with HTTPS. */

import { readFileSync } from "node:fs";

function read(name: string): string {
  return readFileSync(new URL(`./tls/${name}.pem`, import.meta.url), "utf8");
}

/** A self-signed certificate for `localhost`, `127.0.0.1` and `::1`. */
export const CERT: string = read("cert");
/** The certificate's key. */
export const KEY: string = read("key");
/** The same key, encrypted with {@linkcode PASSPHRASE}. */
export const ENCRYPTED_KEY: string = read("encrypted_key");
export const PASSPHRASE = "secret";
/** A key that does not belong to the certificate. */
export const OTHER_KEY: string = read("other_key");
