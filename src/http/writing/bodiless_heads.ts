/**
 * Responses that are a head alone and need no {@linkcode ResponseWriter}: informational responses
 * (RFC 9110 §15.2), and the success of CONNECT, which opens a tunnel (§9.3.6).
 *
 * Trap: a client reads the bytes after such a head as the next response or as another protocol. A head
 * with Content-Length would make some clients wait for a body, so the field is an error.
 *
 * `src/server` and `src/wsgi/running/response.ts` call this.
 *
 * @module
 */

import { ResponseError } from "../errors.ts";
import type { FieldList } from "../field_list.ts";
import { quote } from "../grammar.ts";
import { reasonPhrase } from "../reason_phrases.ts";
import { checkField, checkFields, copyFields } from "./response_checks.ts";

/**
 * Makes the head of an informational response. A client of HTTP/1.0 must not get one.
 *
 * @param status 100 (Continue), 101 (Switching Protocols), 102 (Processing) or 103 (Early Hints).
 * @param given The fields of the response. For 101 they include Upgrade, and `Connection: upgrade` is
 *   added if there is no Connection field.
 * @returns The whole head as a latin-1 string.
 * @throws {ResponseError} For another status, or for a field that may not be sent.
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
export function informational(status: 100 | 101 | 102 | 103, given: FieldList = []): string {
  checkInformationalStatus(status);
  const fields = copyFields(given);
  const isSwitch = status === 101;
  // Connection and Upgrade are hop-by-hop; only a switch of protocols may send them.
  checkFields(isSwitch ? fields.filter((field) => !isAboutUpgrade(field)) : fields);
  const lines = fieldLines(fields, "an informational response");
  const addsConnection = isSwitch &&
    !fields.some(([name]) => name.toLowerCase() === "connection");
  const connection = addsConnection ? "Connection: upgrade\r\n" : "";
  return `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${lines}${connection}\r\n`;
}

/**
 * Makes the head of a successful response to CONNECT. The bytes after the head are no longer HTTP (RFC
 * 9110 §9.3.6).
 *
 * @param given The fields of the response.
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
export function tunnelResponse(given: FieldList = []): string {
  const fields = copyFields(given);
  checkFields(fields);
  return `HTTP/1.1 200 OK\r\n${fieldLines(fields, "an answer that opens a tunnel")}\r\n`;
}

/**
 * Checks the status. A final status, or text behind a status, would be the head of a second
 * response.
 */
function checkInformationalStatus(status: unknown): void {
  if (status === 100 || status === 101 || status === 102 || status === 103) return;
  const given = typeof status === "number" ? status : quote(String(status));
  throw new ResponseError(`Cannot inform with status ${given}: expected 100, 101, 102 or 103`);
}

/**
 * Makes the lines of fields for a response without a body. `response` names the response in errors.
 */
function fieldLines(fields: FieldList, response: string): string {
  let lines = "";
  for (const field of fields) {
    // The callers do not check Connection and Upgrade of a 101.
    checkField(field);
    const [name, value] = field;
    if (name.toLowerCase() === "content-length") {
      // RFC 9110 §8.6: the field would describe content that the response cannot have.
      throw new ResponseError(`Cannot send ${name} in ${response}`);
    }
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

function isAboutUpgrade([name]: readonly [string, string]): boolean {
  return /^(?:connection|upgrade)$/i.test(name);
}
