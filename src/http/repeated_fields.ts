/**
 * Fields that came on several lines (RFC 9110 §5.2 and §5.3).
 *
 * Nearly all are lists, or may be read as lists: "its combined field value consists of the list of
 * corresponding field line values within that section, concatenated in order, with each field line
 * value separated by a comma" (§5.2). A field that may have one value only is then one whose value is
 * visibly not valid, which is what a reader of it needs to know: of If-Modified-Since with more than
 * one member §13.1.3 says that it must be ignored.
 *
 * Where the choice between two values decides where a request goes, who it is from or how its body is
 * read, no reader may be left to choose: such a request is refused.
 *
 * @module
 */

import { ProtocolError } from "./errors.ts";

/**
 * The fields that may come on one line only. A sender must not repeat any field that is no list
 * (RFC 9110 §5.3); for these two parties that choose differently have been one too many:
 *
 * - Host decides the route (RFC 9112 §3.2: two are a 400);
 * - Content-Length decides the framing (RFC 9112 §6.3);
 * - Authorization and Proxy-Authorization decide who asks (RFC 9110 §11.6.2 and §11.7.2);
 * - Content-Type decides how the body is read: recipients that repair it differently are called an
 *   interoperability and security issue (RFC 9110 §8.3);
 * - Origin decides whether a request across sites is let in, and there is at most one (RFC 6454 §7.3).
 */
const SINGLETONS: readonly string[] = [
  ...["authorization", "content-length", "content-type", "host", "origin", "proxy-authorization"],
];

/**
 * Whether a request with two lines of this field is refused by {@link RequestParser}.
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
 * Combines what several lines of one field say, line after line in the order received.
 *
 * @param name The field's name in lower case.
 * @param combined The value so far.
 * @param line The value of the next line.
 * @returns Both, separated by `, `; for Cookie by `; `, as its pairs are (RFC 6265 §4.2.1). Of
 * Set-Cookie, which "cannot be combined into a single field value" (RFC 9110 §5.3) and says nothing
 * in a request, the first.
 * @throws {ProtocolError} 400 for a field that may come only once (see {@link isSingleton}); of a head
 * that a {@link RequestParser} has read there is none.
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
  if (name === "cookie") return `${combined}; ${line}`;
  if (name === "set-cookie") return combined;
  if (isSingleton(name)) refuseRepeated(name);
  return `${combined}, ${line}`;
}

/** Refuses a request with two lines of a field that may come once. */
export function refuseRepeated(name: string): never {
  throw new ProtocolError(400, `Cannot serve a request with two ${name} fields`);
}
