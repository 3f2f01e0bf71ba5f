/**
 * The URL of a request, from the scheme, the `Host` field and the target.
 *
 * A plain host and a plain target make a URL that is serialised already, which costs no parser.
 * The requests of `lazy_request.ts` call this.
 *
 * @module
 */

import { type Environ, HTTPException } from "../wsgi/mod.ts";

/** A host in lower case that is no number, without a port or with one below 60,000 that is no default. */
const PLAIN_HOST =
  /^(?:localhost|127\.0\.0\.1|[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+)(?::(?!80$|443$)(?:[1-5]\d{4}|[1-9]\d{1,3}))?$/;
/** A target with only the characters that the URL standard leaves as they are. */
const PLAIN_TARGET = /^\/[\w!$&()*+,\-./:;=@~]*(?:\?[\w!$&()*+,\-./:;=@~%?]*)?$/;
/** A segment of one or two dots, which the URL standard removes. */
const DOT_SEGMENT = /\/\.{1,2}(?:[/?]|$)/;

/**
 * Gives the URL as the URL standard serialises it.
 *
 * @throws {HTTPException} 400, if there is no such URL.
 */
export function requestUrl(environ: Environ): string {
  const target = environ.REQUEST_URI;
  const host = environ.HTTP_HOST || `${environ.SERVER_NAME}:${environ.SERVER_PORT}`;
  const url = `${environ["wsgi.url_scheme"]}://${host}${target}`;
  if (PLAIN_HOST.test(host) && PLAIN_TARGET.test(target) && !DOT_SEGMENT.test(target)) return url;
  const text = target.startsWith("/") ? url : otherForm(environ, host);
  try {
    return new URL(text).href;
  } catch {
    throw new HTTPException("400 Bad Request", [["Content-Type", "text/plain"]], "Bad URL\n");
  }
}

/** The absolute form, the asterisk form of OPTIONS, and the authority form of CONNECT (RFC 9112 §3.2). */
function otherForm(environ: Environ, host: string): string {
  const { REQUEST_URI: target, REQUEST_METHOD: method } = environ;
  const scheme = environ["wsgi.url_scheme"];
  if (method === "CONNECT") return `${scheme}://${target}/`;
  return target === "*" ? `${scheme}://${host}/*` : target;
}
