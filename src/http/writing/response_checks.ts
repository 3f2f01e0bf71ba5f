/**
 * What an app may say in a response: checked before a byte of it is written, so that no value of a
 * client that an app passes on can end a line and begin another.
 *
 * @module
 */

import { ResponseError } from "../errors.ts";
import { isForbiddenTrailer } from "../forbidden_trailers.ts";
import { isToken, quote } from "../grammar.ts";

/** PEP 3333: "999 Message here"; the phrase by RFC 9112 §4, and without control bytes. */
const STATUS = /^[2-5]\d\d [\t\x20-\x7e\x80-\xff]*$/;
/** RFC 9110 §5.5, without the leniency: no control byte but tab. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** RFC 9110 §7.6.1 and PEP 3333: these belong to the connection, which is the server's. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailers",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Checks the status line of a final response, as PEP 3333 wants it.
 *
 * @param status Three digits, a space, and a reason phrase that may be empty.
 * @throws {ResponseError} If it has another form, a control character, one above U+00FF, or is of the
 * informational class, whose responses are not final.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { checkStatus, ResponseError } from "@x/cogen-wsgi/http";
 *
 * checkStatus("200 OK");
 * assertThrows(() => checkStatus("200"), ResponseError, "expected three digits");
 * ```
 */
export function checkStatus(status: string): void {
  if (typeof status === "string" && STATUS.test(status)) return;
  const expected = /^1\d\d /.test(status)
    ? "an informational response is not a final one"
    : "expected three digits from 200 to 599, a space and a phrase";
  throw new ResponseError(`Cannot send status ${quote(String(status))}: ${expected}`);
}

/**
 * Checks the fields of a response.
 *
 * @param fields Pairs of name and value; an app's, so what is no pair of strings is named, too.
 * @throws {ResponseError} If a name is no token, a value has a control character or one above U+00FF,
 * or the field is hop-by-hop: those are the server's.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { checkFields, ResponseError } from "@x/cogen-wsgi/http";
 *
 * checkFields([["Content-Type", "text/plain"]]);
 * assertThrows(() => checkFields([["X", "a\r\nSet-Cookie: b"]]), ResponseError);
 * assertThrows(() => checkFields([["Connection", "close"]]), ResponseError, "hop-by-hop");
 * ```
 */
export function checkFields(fields: readonly (readonly [string, string])[]): void {
  for (const field of fields) {
    checkField(field);
    if (HOP_BY_HOP.has(field[0].toLowerCase())) {
      throw new ResponseError(`Cannot send field ${quote(field[0])}: hop-by-hop, the server's own`);
    }
  }
}

/**
 * Checks the trailer fields of a response.
 *
 * @param trailers Pairs of name and value.
 * @throws {ResponseError} For what {@link checkFields} refuses, and for a field that decides framing,
 * routing, authentication or how the content is read (RFC 9110 §6.5.1).
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { checkTrailers, ResponseError } from "@x/cogen-wsgi/http";
 *
 * checkTrailers([["Server-Timing", "db;dur=12"]]);
 * assertThrows(() => checkTrailers([["Content-Type", "text/html"]]), ResponseError, "trailer");
 * ```
 */
export function checkTrailers(trailers: readonly (readonly [string, string])[]): void {
  for (const trailer of trailers) {
    checkField(trailer);
    if (isForbiddenTrailer(trailer[0].toLowerCase())) {
      throw new ResponseError(`Cannot send ${trailer[0]} as a trailer field`);
    }
  }
}

/** Checks the syntax of one field; whether it is a pair at all is what an untyped app may get wrong. */
export function checkField(field: readonly [string, string]): void {
  if (!Array.isArray(field) || field.length !== 2) {
    throw new ResponseError(`Cannot send field ${quote(String(field))}: expected [name, value]`);
  }
  const [name, value] = field as readonly [string, string];
  if (typeof name !== "string" || !isToken(name)) {
    throw new ResponseError(`Cannot send field name ${quote(String(name))}: expected a token`);
  }
  if (isFieldValue(value)) return;
  const expected = "expected a string of latin-1 characters without control characters";
  throw new ResponseError(`Cannot send field ${quote(name)}: ${expected}`);
}

/** Whether a value may stand in a field line. */
export function isFieldValue(value: unknown): boolean {
  return typeof value === "string" && FIELD_VALUE.test(value);
}
