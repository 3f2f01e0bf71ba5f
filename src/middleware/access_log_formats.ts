/**
 * An entry of the access log, and the formats of its line.
 *
 * No text of a client can add a line or a field: a line of text escapes control characters, quotes and
 * backslashes as Apache does, and JSON escapes them by its own rules.
 *
 * `access_log.ts` calls this.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";
import type { Environ, ResponseOutcome } from "../wsgi/mod.ts";

/** One request and its response. */
export interface AccessLogEntry {
  /** The request, as the middleware got it. */
  readonly environ: Environ;
  /**
   * The status code that was sent, also if the server answered in place of the app: 500 for an app that
   * failed, 503 at `timeouts.request`, 400, 408 or 413 for an upload; 101 for an upgrade. It is 499 if the
   * client left before the whole response was sent, or in the middle of its upload; `undefined` if the
   * server was closed before it sent a status.
   */
  readonly status: number | undefined;
  /** The length of the body that was sent, in bytes, without the framing of chunks. */
  readonly bytes: number;
  /** The end of the response: complete, left by its client, or cut by the server. */
  readonly outcome: ResponseOutcome;
  /**
   * The time from the call of the app until it was closed and the socket had taken the response, in
   * milliseconds.
   */
  readonly milliseconds: number;
  /**
   * The time from the call of the app until the first byte of the response was given to the connection, in
   * milliseconds; `undefined` if no response was sent. An informational response does not count.
   */
  readonly firstByteMilliseconds: number | undefined;
  /** The request id, `environ.cogen.requestId`; `undefined` without the middleware `requestId`. */
  readonly requestId: string | undefined;
  /** The option `worker`. */
  readonly worker: string | undefined;
  /**
   * The id of the trace, 32 hexadecimal digits: `environ.cogen.traceId`, or that of the field `traceparent`;
   * `undefined` if there is neither.
   */
  readonly traceId: string | undefined;
  /** The time of day when the app was called. */
  readonly date: Date;
}

/**
 * The format of a line of the access log: one by name, or a function that makes the line.
 *
 * - `common`: the Common Log Format.
 * - `combined`: the Combined Log Format, followed by five fields: the time to the last byte and to the first
 *   byte in microseconds, the request id, the worker, and the trace id. A field without a value is `-`.
 * - `json`: one JSON object. Members without a value are left out.
 * - A function gives the line, without a newline, or `undefined` for no line. Control characters in its line
 *   are escaped, except for the tab.
 */
export type AccessLogFormat =
  | "common"
  | "combined"
  | "json"
  | ((entry: AccessLogEntry) => string | undefined);

/** Makes the line of an entry. */
type LineMaker = (entry: AccessLogEntry) => string | undefined;

/**
 * Finds the function of a format.
 *
 * @throws {TypeError} If there is no such format.
 */
export function lineMaker(format: AccessLogFormat): LineMaker {
  if (typeof format === "function") return (entry) => ownLine(format(entry));
  const make = Object.hasOwn(MAKERS, format) ? MAKERS[format] : undefined;
  if (make !== undefined) return make;
  throw optionError(
    "format of accessLog",
    format,
    '"common", "combined", "json" or a function of the entry',
  );
}

const MAKERS: Readonly<Record<string, LineMaker>> = {
  common: commonLine,
  combined: combinedLine,
  json: jsonLine,
};

function ownLine(line: unknown): string | undefined {
  if (line === undefined) return undefined;
  if (typeof line === "string") return line.replace(CONTROLS, escapeCharacter);
  throw optionError("The line of the format of accessLog", line, "a string, or undefined");
}

function commonLine({ environ, status, bytes, date }: AccessLogEntry): string {
  const { REQUEST_METHOD, REQUEST_URI, SERVER_PROTOCOL } = environ;
  return [
    word(environ.REMOTE_ADDR),
    "-",
    word(environ.REMOTE_USER),
    `[${times.of(date)}]`,
    `"${escape(`${REQUEST_METHOD} ${REQUEST_URI} ${SERVER_PROTOCOL}`)}"`,
    status ?? "-",
    bytes === 0 ? "-" : bytes,
  ].join(" ");
}

function combinedLine(entry: AccessLogEntry): string {
  const { environ, milliseconds, firstByteMilliseconds, requestId, worker, traceId } = entry;
  return [
    commonLine(entry),
    `"${escape(environ.HTTP_REFERER ?? "-")}"`,
    `"${escape(environ.HTTP_USER_AGENT ?? "-")}"`,
    microseconds(milliseconds),
    firstByteMilliseconds === undefined ? "-" : microseconds(firstByteMilliseconds),
    word(requestId),
    word(worker),
    word(traceId),
  ].join(" ");
}

function jsonLine(entry: AccessLogEntry): string {
  const { environ, firstByteMilliseconds } = entry;
  const text = JSON.stringify({
    time: entry.date.toISOString(),
    remote: environ.REMOTE_ADDR,
    user: environ.REMOTE_USER,
    method: environ.REQUEST_METHOD,
    uri: environ.REQUEST_URI,
    protocol: environ.SERVER_PROTOCOL,
    status: entry.status,
    bytes: entry.bytes,
    outcome: entry.outcome,
    milliseconds: microseconds(entry.milliseconds) / 1000,
    firstByteMilliseconds: firstByteMilliseconds === undefined
      ? undefined
      : microseconds(firstByteMilliseconds) / 1000,
    referer: environ.HTTP_REFERER,
    userAgent: environ.HTTP_USER_AGENT,
    requestId: entry.requestId,
    worker: entry.worker,
    traceId: entry.traceId,
  });
  // JSON leaves these as they are. A terminal takes some of them for commands, and some readers for a new line.
  return text.replace(/[\x7f-\x9f\u2028\u2029]/g, unicodeEscape);
}

function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000);
}

/** Times of day as `06/Nov/1994:08:49:37 +0000`. The lines of one second share the text. */
class TimesOfDay {
  #second = NaN;
  #text = "";

  of(date: Date): string {
    const second = Math.floor(date.getTime() / 1000);
    if (second !== this.#second) {
      const [, day, month, year, time] = date.toUTCString().split(" ");
      this.#second = second;
      this.#text = `${day}/${month}/${year}:${time} +0000`;
    }
    return this.#text;
  }
}

const times = new TimesOfDay();

/** A field without quotes, in which a space would begin the next field. */
function word(text: string | undefined): string {
  const escaped = escape(text || "-");
  return escaped.includes(" ") ? escaped.replaceAll(" ", "\\x20") : escaped;
}

/** Matches a text without a character to escape, as most are. */
const HARMLESS = /^[ !#-[\]-~]*$/;

/** Escapes as Apache does: a backslash before quotes and backslashes, `\xhh` for a byte that is not printable. */
function escape(text: string): string {
  const given = String(text);
  if (HARMLESS.test(given)) return given;
  return given.replace(/["\\]/g, "\\$&").replace(/[^\x20-\x7e]/g, escapeCharacter);
}

const CONTROLS = /(?!\t)[\p{Cc}\u2028\u2029]/gu;

/** `\xhh`, or `\uhhhh` for a character that is no byte, such as one of a decoded user name. */
function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code > 0xff ? unicodeEscape(character) : `\\x${code.toString(16).padStart(2, "0")}`;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
