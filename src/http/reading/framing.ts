/**
 * The framing of a request's body, RFC 9112 §6.3, as one pure function.
 *
 *     Content-Length    = 1*DIGIT
 *     Transfer-Encoding = #transfer-coding
 *
 * Most request smuggling happens here: if two parties disagree about the end of a body, one of them
 * reads content as the next request. The function therefore repairs nothing, and refuses every
 * combination of fields that two parties could read in two ways.
 *
 * `head_reader.ts` calls this.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { isToken, quote, trimWhitespace } from "../grammar.ts";
import { textOf, wrongArgument } from "../wrong_argument.ts";

/**
 * The delimitation of a body.
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
 * The facts that decide the framing. The lines of a repeated field are joined by `, ` (RFC 9110 §5.3).
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
  /** The minor version of the request. */
  readonly minorVersion: 0 | 1;
  /** The value of Content-Length, if there is one. */
  readonly contentLength?: string | undefined;
  /** The value of Transfer-Encoding, if there is one. */
  readonly transferEncoding?: string | undefined;
}

const NONE: BodyFraming = Object.freeze({ kind: "none" });
const CHUNKED: BodyFraming = Object.freeze({ kind: "chunked" });

/**
 * Decides the framing of a request's body (RFC 9112 §6.3).
 *
 * @param fields The version and the two fields that decide the framing.
 * @returns The framing; `none` if both fields are missing.
 * @throws {ProtocolError} 501 for an unknown transfer coding before `chunked`. 400 for every
 *   ambiguity: both fields, Transfer-Encoding in HTTP/1.0, a value that is not exactly `chunked`,
 *   or a length that is not one plain decimal number.
 * @throws {TypeError} If the version is neither 0 nor 1, or a value is no text.
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
  const { minorVersion, contentLength, transferEncoding } = Object(fields) as FramingFields;
  if (minorVersion !== 0 && minorVersion !== 1) {
    throw wrongArgument("minorVersion of requestFraming", minorVersion, "0 or 1");
  }
  if (transferEncoding === undefined) {
    if (contentLength === undefined) return NONE;
    return { kind: "length", length: parseContentLength(contentLength) };
  }
  if (contentLength !== undefined) {
    throw new ProtocolError(400, "Cannot frame body: both Content-Length and Transfer-Encoding");
  }
  if (minorVersion === 0) {
    // RFC 9112 §6.1: HTTP/1.0 does not define the field, so its framing is faulty.
    throw new ProtocolError(400, "Cannot frame body: Transfer-Encoding in HTTP/1.0");
  }
  const coding = textOf("transferEncoding of requestFraming", transferEncoding);
  if (coding.toLowerCase() !== "chunked") refuseCoding(transferEncoding);
  return CHUNKED;
}

/** Reads `1*DIGIT`. A number cannot represent every length from 2^53 on exactly. */
function parseContentLength(value: string): number {
  textOf("contentLength of requestFraming", value);
  if (!/^[0-9]+$/.test(value)) {
    throw new ProtocolError(400, `Cannot parse Content-Length ${quote(value)}: not decimal digits`);
  }
  const length = Number(value);
  if (!Number.isSafeInteger(length)) {
    throw new ProtocolError(400, `Cannot parse Content-Length ${quote(value)}: 2^53 or more`);
  }
  return length;
}

/**
 * Refuses a value other than `chunked`: with 501 for unknown codings before a final chunked (RFC
 * 9112 §6.1), and with 400 if chunked is not the final coding (§6.3).
 */
function refuseCoding(value: string): never {
  const codings = value.toLowerCase().split(",").map(trimWhitespace);
  const isLast = codings.pop() === "chunked";
  const names = codings.map((coding) => trimWhitespace(coding.split(";")[0] as string));
  const isUnknown = names.length > 0 &&
    names.every((name) => isToken(name) && name !== "chunked");
  const status = isLast && isUnknown ? 501 : 400;
  throw new ProtocolError(
    status,
    `Cannot decode Transfer-Encoding ${quote(value)}: expected exactly chunked`,
  );
}
