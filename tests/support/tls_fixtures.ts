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
/** The issuer of {@linkcode CLIENT}. */
export const CLIENT_CA: string = read("client_ca");
/** A client of the issuer. */
export const CLIENT: { readonly cert: string; readonly key: string } = {
  cert: read("client"),
  key: read("client_key"),
};
/** A client of another issuer. */
export const FOREIGN_CLIENT: typeof CLIENT = { cert: read("foreign"), key: read("foreign_key") };
/** A certificate for `a.example` and `*.b.example`. */
export const NAMED: typeof CLIENT = { cert: read("name"), key: read("name_key") };
