/**
 * The head of a response, as a client reads it. The writing of heads is in `writing/head_text.ts`.
 *
 * The test kit and the bridge to the web's `fetch` are clients of our own server, over a network in memory.
 *
 * @module
 */

import { trimWhitespace } from "../grammar.ts";
import { textOf } from "../wrong_argument.ts";

/** The head of a response. */
export interface ResponseHead {
  /** The status code. */
  readonly status: number;
  /** The reason phrase. */
  readonly reason: string;
  /** The fields, in their order and spelling. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/**
 * Reads the head of a response (RFC 9112 §4 and §5).
 *
 * @param text The status line and the fields, without the empty line at the end.
 * @returns The head.
 * @throws {SyntaxError} If the text is no such head; the message quotes the wrong line.
 * @throws {TypeError} If the argument is no text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readResponseHead } from "@x/cogen-wsgi/http";
 *
 * assertEquals(readResponseHead("HTTP/1.1 200 OK\r\nX-A: b"), {
 *   status: 200,
 *   reason: "OK",
 *   fields: [["X-A", "b"]],
 * });
 * ```
 */
export function readResponseHead(text: string): ResponseHead {
  const [statusLine = "", ...lines] = textOf("The text of readResponseHead", text).split("\r\n");
  const match = /^HTTP\/1\.[01] (\d{3}) (.*)$/.exec(statusLine);
  if (match === null) throw malformedResponse("a status line", statusLine);
  return { status: Number(match[1]), reason: match[2] ?? "", fields: lines.map(readField) };
}

/**
 * Reads a field line (RFC 9112 §5).
 *
 * @param line The line, without CRLF.
 * @returns The name and the value.
 * @throws {SyntaxError} If the line is no field line.
 * @throws {TypeError} If the argument is no text.
 */
export function readField(line: string): readonly [name: string, value: string] {
  const [, name, value = ""] = /^([^\s:]+):(.*)$/.exec(textOf("The text of readField", line)) ?? [];
  if (name === undefined) throw malformedResponse("a field", line);
  return [name, trimWhitespace(value)];
}

/**
 * Makes the error of bytes that are no response.
 *
 * @param expected The part that should come.
 * @param got The text that came; 200 characters of it are quoted.
 * @returns The error.
 */
export function malformedResponse(expected: string, got: string): SyntaxError {
  const quoted = JSON.stringify(textOf("The text of malformedResponse", got).slice(0, 200));
  return new SyntaxError(`The server sent no HTTP/1.1: expected ${expected}, got ${quoted}`);
}
