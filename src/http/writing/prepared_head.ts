/**
 * A status and fields that were checked and written out, so that making a head of them is cheap.
 *
 * Apps send the same few statuses and field names again and again: what was found valid is known by
 * its text. Values are checked each time.
 *
 * @module
 */

import { checkFields, checkStatus, isFieldValue } from "./response_checks.ts";
import { parseOwnLength } from "./response_framing.ts";

/**
 * What {@link prepareHead} gives and `ResponseWriter.begin` takes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type PreparedHead, prepareHead } from "@x/cogen-wsgi/http";
 *
 * const head: PreparedHead = prepareHead("200 OK", [["Content-Length", "5"]]);
 * assertEquals([head.code, head.length], [200, 5]);
 * ```
 */
export interface PreparedHead {
  /** Code and phrase, as `200 OK`. */
  readonly status: string;
  /** The code. */
  readonly code: number;
  /** The field lines, each with its CRLF. */
  readonly text: string;
  /** The value of Content-Length, if there is one. */
  readonly length: number | undefined;
  /** Its line in `text`; empty if there is none. */
  readonly lengthLine: string;
  /** The value of Trailer, if there is one; several are one list. */
  readonly trailer: string | undefined;
  /** Whether there is a Date field. */
  readonly hasDate: boolean;
  /** Whether there is a Server field. */
  readonly hasServer: boolean;
}

type FieldKind = "plain" | "content-length" | "trailer" | "date" | "server";
const KINDS: readonly string[] = ["content-length", "trailer", "date", "server"];

/** Some apps make up names; what they make us keep is bounded. */
const MAX_KNOWN = 256;
const MAX_KNOWN_LENGTH = 64;
const knownNames = new Map<string, FieldKind>();
const knownStatuses = new Map<string, number>();

/**
 * Checks a status and fields, and writes them out.
 *
 * @param status The status, as `200 OK`.
 * @param fields Pairs of name and value, which are sent as they are, in their order.
 * @returns The head, but for what the server adds; later changes of `fields` do not show.
 * @throws {ResponseError} For a status or field that may not be sent, and for a Content-Length that is
 * invalid or doubled.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { prepareHead, ResponseError } from "@x/cogen-wsgi/http";
 *
 * assertEquals(prepareHead("200 OK", [["X-A", "1"]]).text, "X-A: 1\r\n");
 * assertThrows(() => prepareHead("200 OK", [["X-A", "1\r\nX-B: 2"]]), ResponseError);
 * ```
 */
export function prepareHead(
  status: string,
  fields: readonly (readonly [string, string])[],
): PreparedHead {
  if (isLast(status, fields)) return last as PreparedHead;
  const head = makeHead(status, fields);
  last = head;
  lastFields = fields.flat();
  return head;
}

/** What was asked for last: an app often says the same again. */
let last: PreparedHead | undefined;
let lastFields: readonly string[] = [];

/** Comparing is cheap where the texts are the app's own constants: then they are the same strings. */
function isLast(status: string, fields: readonly (readonly [string, string])[]): boolean {
  if (last === undefined || last.status !== status) return false;
  if (fields.length * 2 !== lastFields.length) return false;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] as readonly [string, string];
    if (!Array.isArray(field) || field.length !== 2) return false;
    if (field[0] !== lastFields[2 * index] || field[1] !== lastFields[2 * index + 1]) return false;
  }
  return true;
}

function makeHead(
  status: string,
  fields: readonly (readonly [string, string])[],
): PreparedHead {
  const code = codeOf(status);
  let text = "";
  let length: number | undefined;
  let lengthLine = "";
  let trailer: string | undefined;
  let hasDate = false;
  let hasServer = false;
  for (const field of fields) {
    const kind = checkedKind(field);
    const line = `${field[0]}: ${field[1]}\r\n`;
    text += line;
    if (kind === "plain") continue;
    if (kind === "content-length") {
      length = parseOwnLength(field[1], length);
      lengthLine = line;
    } else if (kind === "trailer") {
      trailer = trailer === undefined ? field[1] : `${trailer}, ${field[1]}`;
    } else if (kind === "date") hasDate = true;
    else hasServer = true;
  }
  return Object.freeze({ status, code, text, length, lengthLine, trailer, hasDate, hasServer });
}

function codeOf(status: string): number {
  const known = knownStatuses.get(status);
  if (known !== undefined) return known;
  checkStatus(status);
  const code = Number(status.slice(0, 3));
  if (knownStatuses.size < MAX_KNOWN && status.length <= MAX_KNOWN_LENGTH) {
    knownStatuses.set(status, code);
  }
  return code;
}

function checkedKind(field: readonly [string, string]): FieldKind {
  if (Array.isArray(field) && field.length === 2) {
    const known = knownNames.get(field[0] as string);
    if (known !== undefined && isFieldValue(field[1])) return known;
  }
  checkFields([field]);
  const [name] = field;
  const lowercase = name.toLowerCase();
  const kind = KINDS.includes(lowercase) ? lowercase as FieldKind : "plain";
  if (knownNames.size < MAX_KNOWN && name.length <= MAX_KNOWN_LENGTH) knownNames.set(name, kind);
  return kind;
}
