/**
 * `PATH_INFO`: the decoded path of a request target, and its encoding for a redirection.
 *
 * {@linkcode EnvironMaker}, `staticFiles` and the status app call this.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";

/**
 * Decodes the percent-encoded bytes of a path.
 *
 * `%2F` is not decoded, so that a slash within a segment does not become a slash between segments. The
 * result has one spelling of it: `%2f` becomes `%2F`, as in cogen, so that apps can split at it. A `%`
 * without two hexadecimal digits stays as it is.
 *
 * @param path An undecoded path.
 * @returns A latin-1 string: each character is a byte (PEP 3333, "Unicode Issues").
 * @throws {TypeError} If the path is no text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unquotePath } from "@x/cogen-wsgi/wsgi";
 *
 * assertEquals(unquotePath("/a%20b%2fc/%C3%A9"), "/a b%2Fc/\xc3\xa9");
 * ```
 */
export function unquotePath(path: string): string {
  if (typeof path !== "string") throw optionError("path of unquotePath", path, "a string");
  if (!path.includes("%")) return path;
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_quoted, digits: string) => {
    const byte = parseInt(digits, 16);
    return byte === 0x2f ? "%2F" : String.fromCharCode(byte);
  });
}

/**
 * Encodes a decoded path for a URL, such as the `Location` of a redirection.
 *
 * @param path A path in the form of `SCRIPT_NAME` and `PATH_INFO`: a latin-1 string, with `%2F` for a slash within
 *   a segment.
 * @returns The path with percent-encoded bytes. It begins with exactly one slash, so that it names no other host.
 * @throws {TypeError} If the path is no text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { quotePath } from "@x/cogen-wsgi/wsgi";
 *
 * assertEquals(quotePath("/a b%2Fc/\xc3\xa9"), "/a%20b%2Fc/%C3%A9");
 * ```
 */
export function quotePath(path: string): string {
  if (typeof path !== "string") throw optionError("path of quotePath", path, "a string");
  const quoted = path.replace(/%2F|[^A-Za-z0-9\-._~/!$&'()*+,;=:@]/g, (found) => {
    if (found.length > 1) return found;
    return `%${found.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return quoted.replace(/^\/*/, "/");
}
