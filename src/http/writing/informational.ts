/**
 * Informational responses: heads that come before the final one (RFC 9110 §15.2).
 *
 * @module
 */

import { ResponseError } from "../errors.ts";
import { reasonPhrase } from "../reason_phrases.ts";
import { checkField, checkFields } from "./response_checks.ts";

/**
 * Makes the head of an informational response. Not to be sent to a client of HTTP/1.0.
 *
 * @param status 100 (Continue), 101 (Switching Protocols), 102 (Processing) or 103 (Early Hints).
 * @param fields Its fields; for 101 an `Upgrade` field, to which `Connection: upgrade` is added.
 * @returns The whole head as a latin-1 string.
 * @throws {ResponseError} For a field that may not be sent.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { informational } from "@x/cogen-wsgi/http";
 *
 * assertEquals(
 *   informational(103, [["Link", "</style.css>; rel=preload"]]),
 *   "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
 * );
 * ```
 */
export function informational(
  status: 100 | 101 | 102 | 103,
  fields: readonly (readonly [string, string])[] = [],
): string {
  // Only a switch of protocols is about the connection itself.
  checkFields(status === 101 ? fields.filter((field) => !isAboutUpgrade(field)) : fields);
  let head = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
  let hasConnection = status !== 101;
  for (const field of fields) {
    checkField(field);
    const [name, value] = field;
    const lowercase = name.toLowerCase();
    if (lowercase === "content-length") {
      // RFC 9110 §8.6: there is no body that it could describe.
      throw new ResponseError(`Cannot send ${name} in an informational response`);
    }
    hasConnection ||= lowercase === "connection";
    head += `${name}: ${value}\r\n`;
  }
  if (!hasConnection) head += "Connection: upgrade\r\n";
  return `${head}\r\n`;
}

function isAboutUpgrade([name]: readonly [string, string]): boolean {
  return /^(?:connection|upgrade)$/i.test(name);
}
