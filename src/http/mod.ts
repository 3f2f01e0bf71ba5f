/**
 * A sans-IO HTTP/1.1 engine for servers: bytes in, events out; responses in, bytes out.
 *
 * It imports nothing and knows no socket, clock or runtime. Feed a {@link RequestParser} what arrives,
 * ask it for events, answer each request through a {@link ResponseWriter}. It is strict where leniency
 * lets requests be smuggled past a proxy: what could be read in two ways is a {@link ProtocolError}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RequestParser, ResponseWriter } from "@x/cogen-wsgi/http";
 *
 * const parser = new RequestParser();
 * const message = "GET /hello HTTP/1.1\r\nHost: example.org\r\n\r\n";
 * parser.push(Uint8Array.from(message, (character) => character.charCodeAt(0)));
 *
 * let wire = "";
 * const request = parser.next();
 * if (request.type === "request") {
 *   const writer = new ResponseWriter({ ...request, protocol: "HTTP/1.1" });
 *   wire += writer.head("200 OK", [["Content-Type", "text/plain"]], { bodyLength: 5 });
 *   writer.data("hello", (part) => wire += part);
 *   writer.end((part) => wire += part);
 * }
 * assertEquals(
 *   wire,
 *   "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
 * );
 * ```
 *
 * @module
 */

export type { ByteSink } from "./body_writer.ts";
export { errorResponse } from "./error_response.ts";
export { ProtocolError, ResponseError } from "./errors.ts";
export type { Closed, DataEvent, EndEvent, HttpEvent, NeedData, RequestHead } from "./events.ts";
export { type BodyFraming, type FramingFields, requestFraming } from "./framing.ts";
export { imfFixdate } from "./http_date.ts";
export { informational } from "./informational.ts";
export { type Latin1Decoder } from "./latin1.ts";
export { DEFAULT_LIMITS, type ParserLimits } from "./limits.ts";
export { combineFieldLines, isSingleton } from "./repeated_fields.ts";
export { type ParserOptions, RequestParser } from "./request_parser.ts";
export { parseRequestTarget, type RequestTarget } from "./request_target.ts";
export { checkFields, checkStatus } from "./response_checks.ts";
export {
  type ResponseContext,
  type ResponseHeadOptions,
  ResponseWriter,
} from "./response_writer.ts";
