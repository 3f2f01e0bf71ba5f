/**
 * The basic credentials of a request (RFC 7617). {@linkcode EnvironMaker} reads them for
 * `REMOTE_USER`.
 *
 * @module
 */

/**
 * Reads the value of an Authorization field.
 *
 * @param authorization The field value.
 * @returns The user and the password as latin-1 strings, or `undefined` for another scheme and for a
 *   malformed value.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { basicCredentials } from "@x/cogen-wsgi/wsgi";
 *
 * const credentials = basicCredentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
 * assertEquals(credentials, { user: "Aladdin", password: "open sesame" });
 * ```
 */
export function basicCredentials(
  authorization: string,
): { readonly user: string; readonly password: string } | undefined {
  const token = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  if (token === undefined) return undefined;
  const decoded = decodeBase64(token);
  const colon = decoded?.indexOf(":") ?? -1;
  if (decoded === undefined || colon < 0) return undefined;
  return { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function decodeBase64(token: string): string | undefined {
  try {
    return atob(token);
  } catch {
    return undefined;
  }
}
