/**
 * A sans-IO HTTP/1.1 engine for servers: bytes in, events out; responses in, bytes out.
 *
 * The engine imports nothing and knows no socket, clock or runtime. The embedder pushes the bytes
 * of a connection into a {@linkcode RequestParser}, takes events from the parser, and answers each
 * request through a {@linkcode ResponseWriter}. The parser is strict wherever lenient parsers have
 * let requests be smuggled past a proxy: bytes that two parties could read in two ways are a
 * {@linkcode ProtocolError}.
 *
 * The example drives a connection by hand. Bytes come in pieces of any size; the embedder answers each
 * request before it asks for the next one; a peer that breaks HTTP gets an error response, and then the
 * connection is closed.
 *
 * @example
 * ```ts
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 * import {
 *   type ByteSink,
 *   errorResponse,
 *   ProtocolError,
 *   type RequestHead,
 *   RequestParser,
 *   ResponseWriter,
 * } from "@x/cogen-wsgi/http";
 *
 * class Connection {
 *   readonly #parser = new RequestParser({ limits: { maxBodyBytes: 1000 } });
 *   readonly #send: ByteSink;
 *   #request: RequestHead | undefined;
 *   #bodyBytes = 0;
 *   open = true;
 *
 *   constructor(send: ByteSink) {
 *     this.#send = send;
 *   }
 *
 *   // For each piece that the socket reads. The socket may reuse the buffer afterwards.
 *   onData(bytes: Uint8Array): void {
 *     this.#parser.push(bytes);
 *     this.#read();
 *     this.#parser.detach();
 *   }
 *
 *   // When the peer has sent its last byte.
 *   onEnd(): void {
 *     this.#parser.end();
 *     this.#read();
 *   }
 *
 *   #read(): void {
 *     try {
 *       while (this.open && this.#step());
 *     } catch (error) {
 *       if (!(error instanceof ProtocolError)) throw error;
 *       this.#send(errorResponse(error));
 *       this.open = false;
 *     }
 *   }
 *
 *   // Takes one event. Returns whether the parser may have another one.
 *   #step(): boolean {
 *     const event = this.#parser.next();
 *     switch (event.type) {
 *       case "request":
 *         this.#request = event;
 *         this.#bodyBytes = 0;
 *         return true;
 *       case "data":
 *         // The bytes are a view of the socket's buffer: code that keeps them must copy them.
 *         this.#bodyBytes += event.bytes.length;
 *         return true;
 *       case "end":
 *         this.#answer(this.#request as RequestHead);
 *         return true;
 *       case "need-data":
 *         return false;
 *       case "closed":
 *         this.open = false;
 *         return false;
 *     }
 *   }
 *
 *   #answer(request: RequestHead): void {
 *     const writer = new ResponseWriter({ ...request, protocol: "HTTP/1.1" });
 *     this.#send(writer.head("200 OK", [["Content-Type", "text/plain"]]));
 *     writer.data(`${request.method} ${request.path}, `, this.#send);
 *     writer.data(`${this.#bodyBytes} bytes`, this.#send);
 *     writer.end(this.#send);
 *     this.open = writer.keepAlive;
 *   }
 * }
 *
 * let wire = "";
 * const connection = new Connection((part) => wire += part);
 * const pieces = [
 *   "POST /a HTTP/1.1\r\nHost: x\r\nContent-Len",
 *   "gth: 5\r\n\r\nhel",
 *   "loGET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost : x\r\n\r\n",
 * ];
 * for (const piece of pieces) {
 *   connection.onData(Uint8Array.from(piece, (character) => character.charCodeAt(0)));
 * }
 * const [first = "", second = "", third = ""] = wire.split(/(?<=\r\n)(?=HTTP)/);
 * assertStringIncludes(first, "9\r\nPOST /a, \r\n7\r\n5 bytes\r\n0\r\n\r\n");
 * assertStringIncludes(second, "8\r\nGET /b, \r\n7\r\n0 bytes\r\n0\r\n\r\n");
 * assertEquals(third.split("\r\n")[0], "HTTP/1.1 400 Bad Request");
 * assertEquals(connection.open, false);
 * ```
 *
 * @module
 */

export type { ByteSink } from "./writing/body_writer.ts";
export { errorResponse } from "./writing/error_response.ts";
export { ProtocolError, ResponseError } from "./errors.ts";
export type { Closed, DataEvent, EndEvent, HttpEvent, NeedData, RequestHead } from "./events.ts";
export { type BodyFraming, type FramingFields, requestFraming } from "./reading/framing.ts";
export type { FieldList } from "./field_list.ts";
export { imfFixdate, parseHttpDate } from "./http_date.ts";
export { knownMethod } from "./known_method.ts";
export { informational, tunnelResponse } from "./writing/bodiless_heads.ts";
export { type BytesEqual } from "./reading/head_cache.ts";
export { type Latin1Decoder } from "./latin1.ts";
export { DEFAULT_LIMITS, type ParserLimits } from "./parser_limits.ts";
export { type PreparedHead, prepareHead } from "./writing/prepared_head.ts";
export { reasonPhrase } from "./reason_phrases.ts";
export { combineFieldLines, isSingleton } from "./repeated_fields.ts";
export { type ParserOptions, RequestParser } from "./reading/request_parser.ts";
export {
  malformedResponse,
  readField,
  readResponseHead,
  type ResponseHead,
} from "./reading/response_head.ts";
export { parseRequestTarget, type RequestTarget } from "./request_target.ts";
export { checkFields, checkStatus, checkTrailers } from "./writing/response_checks.ts";
export {
  type ResponseContext,
  type ResponseHeadOptions,
  ResponseWriter,
} from "./writing/response_writer.ts";
