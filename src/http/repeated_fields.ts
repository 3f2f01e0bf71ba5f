/**
 * The rules for fields that arrive on several lines (RFC 9110 §5.2 and §5.3).
 *
 * Nearly all fields are lists, or may be read as lists: "its combined field value consists of the list
 * of corresponding field line values within that section, concatenated in order, with each field line
 * value separated by a comma" (§5.2). If a field may have one value only, its combined value is visibly
 * invalid, and a reader of the field can tell: a recipient must ignore an If-Modified-Since with more
 * than one member (§13.1.3).
 *
 * Singletons are different. If the choice between two values decides the route of a request, the
 * identity of its sender or the reading of its body, then the request is refused, so that two
 * readers cannot choose differently.
 *
 * `reading/control_fields.ts`, `reading/head_reader.ts` and `src/wsgi/environ.ts` call this.
 *
 * @module
 */

import { ProtocolError } from "./errors.ts";
import { textOf } from "./wrong_argument.ts";

/**
 * The fields that may stand on one line only. A sender must not repeat a field that is not a list (RFC
 * 9110 §5.3). A repetition of the following fields is dangerous, as two parties may choose different
 * values:
 *
 * - Host decides the route (RFC 9112 §3.2 asks for a 400 if there are two);
 * - Content-Length decides the framing (RFC 9112 §6.3);
 * - Authorization and Proxy-Authorization decide the identity of the sender (RFC 9110 §11.6.2 and
 *   §11.7.2);
 * - Content-Type decides the reading of the body: RFC 9110 §8.3 calls different repairs by recipients
 *   an interoperability and security issue;
 * - Origin decides whether a cross-site request is allowed; RFC 6454 §7.3 permits at most one.
 */
const SINGLETONS: readonly string[] = [
  ...["authorization", "content-length", "content-type", "host", "origin", "proxy-authorization"],
];

/**
 * Whether {@linkcode RequestParser} refuses a request with two lines of a field.
 *
 * @param name The field's name in lower case.
 * @returns True for the fields of framing, routing and authentication, and for Content-Type.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isSingleton } from "@x/cogen-wsgi/http";
 *
 * assertEquals(["authorization", "accept"].map(isSingleton), [true, false]);
 * ```
 */
export function isSingleton(name: string): boolean {
  return SINGLETONS.includes(name);
}

/**
 * Combines the lines of one field. The caller adds line after line, in the order received.
 *
 * @param name The field's name in lower case.
 * @param combined The combined value of the lines before.
 * @param line The value of the next line.
 * @returns Both values, separated by `, `. The separator for Cookie is `; `, as between its pairs (RFC
 *   6265 §4.2.1). For Set-Cookie, which "cannot be combined into a single field value" (RFC 9110 §5.3)
 *   and has no meaning in a request, the result is the first value.
 * @throws {ProtocolError} 400 for a singleton (see {@linkcode isSingleton}). A head from a
 *   {@linkcode RequestParser} has no repeated singleton.
 * @throws {TypeError} If a value is no text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { combineFieldLines } from "@x/cogen-wsgi/http";
 *
 * assertEquals(combineFieldLines("accept", "text/html", "text/plain"), "text/html, text/plain");
 * assertEquals(combineFieldLines("cookie", "a=1", "b=2"), "a=1; b=2");
 * ```
 */
export function combineFieldLines(name: string, combined: string, line: string): string {
  for (const value of [combined, line]) textOf("A value of combineFieldLines", value);
  if (name === "cookie") return `${combined}; ${line}`;
  if (name === "set-cookie") return combined;
  if (isSingleton(name)) refuseRepeated(name);
  return `${combined}, ${line}`;
}

/** Refuses a request that repeats a singleton. */
export function refuseRepeated(name: string): never {
  throw new ProtocolError(400, `Cannot serve a request with two ${name} fields`);
}
