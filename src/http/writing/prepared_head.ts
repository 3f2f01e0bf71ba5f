/**
 * The check of an app's status and fields, and their text. With this text a head is cheap to make.
 *
 * Strategy: apps send the same few heads, statuses and names again and again. The module remembers
 * the whole last head, and each valid status and name by its text. A value of a field may come from
 * a client, so each value is checked each time, unless the whole head is equal to the last one.
 *
 * `src/wsgi/running/response.ts` and `response_writer.ts` call this.
 *
 * @module
 */

import type { FieldList } from "../field_list.ts";
import { checkField, checkFields, checkStatus, isFieldValue } from "./response_checks.ts";
import { parseOwnLength } from "./response_framing.ts";

/**
 * The frozen result of {@linkcode prepareHead}, which {@linkcode ResponseWriter.begin} takes.
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
  /** The code and the phrase, such as `200 OK`. */
  readonly status: string;
  /** The status code. */
  readonly code: number;
  /** The field lines, each with its CRLF. */
  readonly text: string;
  /** The value of Content-Length, if there is one. */
  readonly length: number | undefined;
  /** The line of Content-Length in `text`; empty if there is none. */
  readonly lengthLine: string;
  /** The value of Trailer, if there is one. Several fields are joined to one list. */
  readonly trailer: string | undefined;
  /** Whether the fields include Date, so that the server adds none. */
  readonly hasDate: boolean;
  /** Whether the fields include Server, so that the server adds none. */
  readonly hasServer: boolean;
  /** Whether the fields include Upgrade, so that the server names it in Connection (RFC 9110 §7.8). */
  readonly hasUpgrade: boolean;
}

/** The fields that decide the rest of a head; all other fields are `plain`. */
type FieldKind = "plain" | "content-length" | "trailer" | "date" | "server";
const KINDS: readonly string[] = ["content-length", "trailer", "date", "server"];

/**
 * The largest number of names, and of statuses, that are remembered. An app may invent any number
 * of names.
 */
const MAX_KNOWN = 256;
/**
 * The length of the longest name or status that is remembered. Common names and statuses are
 * shorter.
 */
const MAX_KNOWN_LENGTH = 64;

/**
 * The cache of the module. All servers of the process may share it, as each entry depends on its
 * key alone. `MAX_KNOWN` bounds it, together with the one head.
 */
const known = {
  /** The valid names that are not hop-by-hop, in the case in which an app sent them. */
  kinds: new Map<string, FieldKind>(),
  /** The codes of the valid statuses. */
  codes: new Map<string, number>(),
  /** The last head. */
  head: undefined as PreparedHead | undefined,
  /** The fields of the last head: name, value, name, value, ... */
  fields: [] as readonly string[],
};

/**
 * Checks a status and fields, and makes their text.
 *
 * @param status The status, such as `200 OK`.
 * @param fields The fields, which are sent unchanged and in their order.
 * @returns The head without the fields of the server. Later changes of `fields` have no effect.
 * @throws {ResponseError} For a status or field that may not be sent, and for a Content-Length that is
 *   invalid or repeated.
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
export function prepareHead(status: string, fields: FieldList): PreparedHead {
  const last = known.head;
  if (last !== undefined && last.status === status && areFieldsOfLast(fields)) return last;
  const texts: string[] = [];
  const head = makeHead(status, fields, texts);
  known.head = head;
  known.fields = texts;
  return head;
}

/**
 * Whether `fields` are those of the last head. The comparison is cheap if names and values are
 * constants of the app, as engines compare the same string by pointer.
 */
function areFieldsOfLast(fields: FieldList): boolean {
  const last = known.fields;
  if (fields.length * 2 !== last.length) return false;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] as FieldList[number];
    if (!Array.isArray(field) || field.length !== 2) return false;
    if (field[0] !== last[2 * index] || field[1] !== last[2 * index + 1]) return false;
  }
  return true;
}

/**
 * Makes a head. Each name and value is read once, because an array may give another text at each reading.
 *
 * @param texts Gets the names and values.
 */
function makeHead(status: string, fields: FieldList, texts: string[]): PreparedHead {
  const code = codeOf(status);
  let text = "";
  let length: number | undefined;
  let lengthLine = "";
  let trailer: string | undefined;
  let hasDate = false;
  let hasServer = false;
  let hasUpgrade = false;
  for (const field of fields) {
    if (!Array.isArray(field) || field.length !== 2) checkFields([field]);
    const name = field[0];
    const value = field[1];
    if (code === 426 && isUpgrade(name)) {
      // RFC 9110 §15.5.22: a 426 MUST name the protocols that the client may use.
      checkField([name, value]);
      text += `${name}: ${value}\r\n`;
      texts.push(name, value);
      hasUpgrade = true;
      continue;
    }
    const kind = checkedKind(name, value);
    const line = `${name}: ${value}\r\n`;
    text += line;
    texts.push(name, value);
    if (kind === "plain") continue;
    if (kind === "content-length") {
      length = parseOwnLength(value, length);
      lengthLine = line;
    } else if (kind === "trailer") {
      trailer = trailer === undefined ? value : `${trailer}, ${value}`;
    } else if (kind === "date") hasDate = true;
    else hasServer = true;
  }
  const has = { hasDate, hasServer, hasUpgrade };
  return Object.freeze({ status, code, text, length, lengthLine, trailer, ...has });
}

function isUpgrade(name: unknown): boolean {
  return typeof name === "string" && name.toLowerCase() === "upgrade";
}

/** Checks a status and returns its code. */
function codeOf(status: string): number {
  const knownCode = known.codes.get(status);
  if (knownCode !== undefined) return knownCode;
  checkStatus(status);
  const code = Number(status.slice(0, 3));
  if (known.codes.size < MAX_KNOWN && status.length <= MAX_KNOWN_LENGTH) {
    known.codes.set(status, code);
  }
  return code;
}

/** Checks a field and returns its kind. */
function checkedKind(name: string, value: string): FieldKind {
  const knownKind = known.kinds.get(name);
  if (knownKind !== undefined && isFieldValue(value)) return knownKind;
  checkFields([[name, value]]);
  const lowercase = name.toLowerCase();
  const kind = KINDS.includes(lowercase) ? lowercase as FieldKind : "plain";
  if (known.kinds.size < MAX_KNOWN && name.length <= MAX_KNOWN_LENGTH) known.kinds.set(name, kind);
  return kind;
}
