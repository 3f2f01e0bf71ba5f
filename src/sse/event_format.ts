/**
 * The text of one event (WHATWG HTML, section 9.2.5).
 *
 * Data may hold any text: each of its lines becomes a field `data`, so that no data can begin another
 * field or another event. An id and an event name are one line by definition. A line break in them is an
 * error, because the client would read the rest as other fields.
 *
 * The streams and the channels of this folder call this.
 *
 * @module
 */

import { checkNames, type Duration, optionError, toMilliseconds } from "../coroutine/mod.ts";

/** The fields of one event. */
export interface EventFields {
  /** The data: any text. An event without data is not dispatched; only its other fields have an effect. */
  readonly data?: string;
  /** The name of the event; one line. Default: `message`. */
  readonly event?: string;
  /** The id, which the client sends back as `Last-Event-ID`; one line, without NUL. */
  readonly id?: string;
  /** The time after which the client connects again, in whole milliseconds on the wire. */
  readonly retry?: Duration;
  /** Text that clients ignore. */
  readonly comment?: string;
}

const NAMES: readonly string[] = ["data", "event", "id", "retry", "comment"];

/** The names that other libraries have for these fields. */
const SUGGESTIONS = { type: "event", name: "event", message: "data" };

/** The ends of lines in a stream of events. */
const LINE_BREAK = /\r\n|\r|\n/;

/**
 * Writes one event.
 *
 * @param event The fields, or the data alone.
 * @returns The text, with the empty line at its end.
 * @throws {TypeError} If a field is unknown or of a wrong kind, if `event` or `id` has a line break, if `id`
 *   has a NUL, or if there is no field.
 * @throws {RangeError} If `retry` is negative or endless.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatEvent } from "@x/cogen-wsgi/sse";
 *
 * assertEquals(formatEvent("a\nb"), "data: a\ndata: b\n\n");
 * assertEquals(formatEvent({ event: "news", data: "c", id: "7" }), "event: news\nid: 7\ndata: c\n\n");
 * ```
 */
export function formatEvent(event: string | EventFields): string {
  if (typeof event === "string") return `${dataLines(event)}\n`;
  const { data, event: name, id, retry, comment } = checkNames("an event", event, NAMES, {
    complaint: "Unknown field of an event",
    suggestions: SUGGESTIONS,
  });
  let text = "";
  if (comment !== undefined) text += lines(":", "comment", comment);
  if (name !== undefined) text += `event: ${oneLine("event", name, /[\r\n]/)}\n`;
  if (id !== undefined) text += `id: ${oneLine("id", id, /[\r\n\0]/)}\n`;
  if (retry !== undefined) text += retryLine(toMilliseconds(retry, "retry of an event"));
  if (data !== undefined) text += dataLines(data);
  if (text === "") throw new TypeError("An event has no field: expected at least data");
  return `${text}\n`;
}

/**
 * Writes the field `retry`.
 *
 * @throws {RangeError} For an endless time.
 */
export function retryLine(milliseconds: number): string {
  if (milliseconds === Infinity) throw new RangeError("retry is endless: expected a finite time");
  // Clients read digits alone. A larger number would have an exponent.
  return `retry: ${Math.min(Math.round(milliseconds), Number.MAX_SAFE_INTEGER)}\n`;
}

function dataLines(data: string): string {
  return lines("data:", "data", data);
}

function lines(prefix: string, name: string, text: unknown): string {
  if (typeof text !== "string") {
    const advice = typeof text === "object" ? "a string, such as JSON.stringify gives" : "a string";
    throw optionError(`${name} of an event`, text, advice);
  }
  return text.split(LINE_BREAK).map((line) => `${prefix} ${line}\n`).join("");
}

function oneLine(name: string, text: unknown, forbidden: RegExp): string {
  if (typeof text === "string" && !forbidden.test(text)) return text;
  const expected = name === "id" ? "one line without NUL" : "one line";
  throw optionError(`${name} of an event`, text, `a string of ${expected}`);
}
