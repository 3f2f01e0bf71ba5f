/**
 * The checks of an app's status, fields and trailers.
 *
 *     status-line   = HTTP-version SP status-code SP [ reason-phrase ] CRLF
 *     reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )
 *     field-line    = field-name ":" OWS field-value OWS
 *
 * All checks run before a byte is written. An app may pass on a value from a client, and such a value
 * must not end a line and begin another one (response splitting).
 *
 * Trap: an app may be untyped JavaScript. The checks therefore test the types of their arguments, too.
 *
 * The other files of this folder call this, and `src/wsgi/running/response.ts` does for trailers.
 *
 * @module
 */

import { ResponseError } from "../errors.ts";
import type { FieldList } from "../field_list.ts";
import { isForbiddenTrailer } from "../forbidden_trailers.ts";
import { isToken, quote } from "../grammar.ts";

/**
 * A status as in PEP 3333: "999 Message here". The phrase may be empty, and has no control bytes
 * (RFC 9112 §4).
 */
const STATUS = /^[2-5]\d\d [\t\x20-\x7e\x80-\xff]*$/;
/** `*field-content` (RFC 9110 §5.5), without control bytes except tab. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The fields about the connection, which the server controls (RFC 9110 §7.6.1, PEP 3333). */
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
 * Checks the status of a final response, in the form of PEP 3333.
 *
 * @param status Three digits, a space, and a reason phrase that may be empty.
 * @throws {ResponseError} If the status has another form, a control character or a character above
 *   U+00FF, or is informational, as such a response is not final.
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
    : "expected three digits from 200 to 599, a space and a phrase, such as 200 OK";
  throw new ResponseError(`Cannot send status ${quote(String(status))}: ${expected}`);
}

/**
 * Checks the fields of a response.
 *
 * @param fields The fields of an app.
 * @throws {ResponseError} If they are no array, a field is not a pair of strings, its name is not a token,
 *   its value has a control character or a character above U+00FF, or the field is hop-by-hop, so that only
 *   the server may send it.
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
export function checkFields(fields: FieldList): void {
  requireArray("Headers", fields);
  for (const field of fields) {
    checkField(field);
    if (HOP_BY_HOP.has(field[0].toLowerCase())) {
      const advice = field[0].toLowerCase() === "upgrade" ? "; only a 426 may have it" : "";
      throw new ResponseError(
        `Cannot send field ${quote(field[0])}: the server alone sends hop-by-hop fields${advice}`,
      );
    }
  }
}

/**
 * Checks the trailer fields of a response.
 *
 * @param trailers The trailer fields of an app.
 * @throws {ResponseError} For a field with faulty syntax (see {@linkcode checkFields}), and for a field
 *   that decides framing, routing, authentication or the reading of the content (RFC 9110 §6.5.1).
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
export function checkTrailers(trailers: FieldList): void {
  requireArray("Trailers", trailers);
  for (const trailer of trailers) {
    checkField(trailer);
    if (isForbiddenTrailer(trailer[0].toLowerCase())) {
      throw new ResponseError(`Cannot send ${trailer[0]} as a trailer field`);
    }
  }
}

/**
 * Copies fields, so that they do not change between their check and their use.
 *
 * @throws {ResponseError} If they are no array of pairs.
 */
export function copyFields(fields: FieldList): FieldList {
  requireArray("Headers", fields);
  return Array.from(fields as FieldList, (field) => {
    if (!Array.isArray(field) || field.length !== 2) checkField(field);
    return [field[0], field[1]] as const;
  });
}

function requireArray(name: string, fields: unknown): void {
  if (!Array.isArray(fields)) {
    throw new ResponseError(`${name} are not an array of [name, value]`);
  }
}

/**
 * Checks the type and the syntax of one field.
 *
 * @throws {ResponseError} If the field is not a pair, or a part of it has faulty syntax.
 */
export function checkField(field: FieldList[number]): void {
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

/** Whether a value is a string that may stand in a field line. */
export function isFieldValue(value: unknown): boolean {
  return typeof value === "string" && FIELD_VALUE.test(value);
}
