/**
 * `PATH_INFO`: the decoded path of a request target.
 *
 * {@linkcode EnvironMaker} calls this.
 *
 * @module
 */

/**
 * Decodes the percent-encoded bytes of a path.
 *
 * `%2F` is not decoded, so that a slash within a segment does not become a slash between segments. The
 * result has one spelling of it: `%2f` becomes `%2F`, as in cogen, so that apps can split at it. A `%`
 * without two hexadecimal digits stays as it is.
 *
 * @param path An undecoded path.
 * @returns A latin-1 string: each character is a byte (PEP 3333, "Unicode Issues").
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
  if (!path.includes("%")) return path;
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_quoted, digits: string) => {
    const byte = parseInt(digits, 16);
    return byte === 0x2f ? "%2F" : String.fromCharCode(byte);
  });
}
