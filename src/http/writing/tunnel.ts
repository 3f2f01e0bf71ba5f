/**
 * The answer that opens a tunnel.
 *
 * @module
 */

import { ResponseError } from "../errors.ts";
import { checkFields } from "./response_checks.ts";

/**
 * Makes the head of a successful answer to CONNECT: what follows it is no longer HTTP (RFC 9110 §9.3.6).
 *
 * @param fields Its fields.
 * @returns The whole head as a latin-1 string.
 * @throws {ResponseError} For a field that may not be sent, such as Content-Length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tunnelResponse } from "@x/cogen-wsgi/http";
 *
 * assertEquals(tunnelResponse(), "HTTP/1.1 200 OK\r\n\r\n");
 * ```
 */
export function tunnelResponse(fields: readonly (readonly [string, string])[] = []): string {
  checkFields(fields);
  let head = "HTTP/1.1 200 OK\r\n";
  for (const [name, value] of fields) {
    if (name.toLowerCase() === "content-length") {
      throw new ResponseError(`Cannot send ${name} in an answer that opens a tunnel`);
    }
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}
