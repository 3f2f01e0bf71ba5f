/**
 * The response to a peer that broke HTTP.
 *
 * `src/server/client_connection.ts` calls this.
 *
 * @module
 */

import type { ProtocolError } from "../errors.ts";
import { ownOptions } from "../own_options.ts";
import { reasonPhrase } from "../reason_phrases.ts";
import { wrongArgument } from "../wrong_argument.ts";

/**
 * Makes a complete, short response that closes the connection. The body is the message of the error,
 * which reveals nothing about the server and quotes the peer's bytes in printable ASCII only.
 *
 * @param error The error that the parser has thrown.
 * @param fields The fields that the server adds: the value of Date (see {@linkcode imfFixdate}), if it
 *   has a clock, and the value of Server, if it names itself; the method of the request, if the error
 *   does not have it; and further fields, whose values are not checked. A response to HEAD has no body (RFC 9110
 *   §9.3.2).
 * @returns Head and body as a latin-1 string.
 * @throws {TypeError} If the first argument is no such error.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { errorResponse, ProtocolError } from "@x/cogen-wsgi/http";
 *
 * const response = errorResponse(new ProtocolError(400, "Cannot serve HTTP/1.1 without Host"));
 * assertEquals(response.split("\r\n")[0], "HTTP/1.1 400 Bad Request");
 * assertEquals(response.includes("\r\nConnection: close\r\n"), true);
 * ```
 */
export function errorResponse(
  error: ProtocolError,
  options: {
    readonly date?: string;
    readonly server?: string | undefined;
    readonly method?: string | undefined;
    readonly fields?: readonly (readonly [name: string, value: string])[];
  } = {},
): string {
  const { status: code, message } = Object(error) as Partial<ProtocolError>;
  if (typeof code !== "number" || typeof message !== "string") {
    throw wrongArgument("error of errorResponse", error, "a ProtocolError");
  }
  const { date, server, method = error.method, fields = [] } = ownOptions(options);
  const status = `${code} ${reasonPhrase(code)}`;
  // The error may come from an embedder. Its message, too, becomes one line of ASCII.
  const detail = message.replace(/[^ -~]/g, "?");
  const body = `${status}\n${detail}\n`;
  return `HTTP/1.1 ${status}\r\n` +
    (date === undefined ? "" : `Date: ${date}\r\n`) +
    (server === undefined ? "" : `Server: ${server}\r\n`) +
    "Content-Type: text/plain\r\n" +
    "X-Content-Type-Options: nosniff\r\n" +
    `Content-Length: ${body.length}\r\n` +
    fields.map(([name, value]) => `${name}: ${value}\r\n`).join("") +
    "Connection: close\r\n" +
    `\r\n${method === "HEAD" ? "" : body}`;
}
