/**
 * How a request's body is delimited: RFC 9112 §6.3 as one pure function.
 *
 * This is where requests are smuggled: two parties that disagree here read each other's bytes as
 * requests. So nothing is repaired, and whatever could be read in two ways is refused.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { isToken, quote, trimWhitespace } from "../grammar.ts";

/**
 * How a body is delimited.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type BodyFraming, requestFraming } from "@x/cogen-wsgi/http";
 *
 * const framing: BodyFraming = requestFraming({ minorVersion: 1 });
 * assertEquals(framing, { kind: "none" });
 * ```
 */
export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" };

/**
 * What decides the framing. A field that came on several lines is given as its list, joined by `, `
 * (RFC 9110 §5.3).
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { type FramingFields, ProtocolError, requestFraming } from "@x/cogen-wsgi/http";
 *
 * const fields: FramingFields = { minorVersion: 1, contentLength: "5, 5" };
 * assertThrows(() => requestFraming(fields), ProtocolError, "not decimal digits");
 * ```
 */
export interface FramingFields {
  /** The request's version. */
  readonly minorVersion: 0 | 1;
  /** The Content-Length field, if there is one. */
  readonly contentLength?: string | undefined;
  /** The Transfer-Encoding field, if there is one. */
  readonly transferEncoding?: string | undefined;
}

const NONE: BodyFraming = Object.freeze({ kind: "none" });
const CHUNKED: BodyFraming = Object.freeze({ kind: "chunked" });

/**
 * Decides how the body of a request is delimited (RFC 9112 §6.3).
 *
 * @param fields The version and the two fields that decide.
 * @returns The framing; `none` without either field.
 * @throws {ProtocolError} 501 for a transfer coding that is not known, 400 for everything ambiguous:
 * both fields, Transfer-Encoding in HTTP/1.0, a coding other than exactly `chunked`, a length that is
 * not one plain decimal number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { requestFraming } from "@x/cogen-wsgi/http";
 *
 * const framing = requestFraming({ minorVersion: 1, contentLength: "42" });
 * assertEquals(framing, { kind: "length", length: 42 });
 * ```
 */
export function requestFraming(fields: FramingFields): BodyFraming {
  const { minorVersion, contentLength, transferEncoding } = fields;
  if (transferEncoding === undefined) {
    if (contentLength === undefined) return NONE;
    return { kind: "length", length: parseContentLength(contentLength) };
  }
  if (contentLength !== undefined) {
    throw new ProtocolError(400, "Cannot frame body: both Content-Length and Transfer-Encoding");
  }
  if (minorVersion === 0) {
    // RFC 9112 §6.1: an HTTP/1.0 sender that does not know the field cannot have meant it.
    throw new ProtocolError(400, "Cannot frame body: Transfer-Encoding in HTTP/1.0");
  }
  if (transferEncoding.toLowerCase() !== "chunked") refuseCoding(transferEncoding);
  return CHUNKED;
}

/** The grammar is `1*DIGIT`; 2^53 and more cannot be counted exactly. */
function parseContentLength(value: string): number {
  if (!/^[0-9]+$/.test(value)) {
    throw new ProtocolError(400, `Cannot parse Content-Length ${quote(value)}: not decimal digits`);
  }
  const length = Number(value);
  if (!Number.isSafeInteger(length)) {
    throw new ProtocolError(400, `Cannot parse Content-Length ${quote(value)}: 2^53 or more`);
  }
  return length;
}

/** RFC 9112 §6.1: 501 for codings below a final chunked; §6.3: 400 if chunked is not final. */
function refuseCoding(value: string): never {
  const codings = value.toLowerCase().split(",").map(trimWhitespace);
  const isLast = codings.pop() === "chunked";
  const names = codings.map((coding) => trimWhitespace(coding.split(";")[0]!));
  const isUnknown = names.length > 0 &&
    names.every((name) => isToken(name) && name !== "chunked");
  const status = isLast && isUnknown ? 501 : 400;
  throw new ProtocolError(
    status,
    `Cannot decode Transfer-Encoding ${quote(value)}: expected exactly chunked`,
  );
}
