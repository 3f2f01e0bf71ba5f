/**
 * The events of a request parser.
 *
 * The order for each request: one {@linkcode RequestHead}, any number of {@linkcode DataEvent}s,
 * one {@linkcode EndEvent}. {@linkcode NeedData} comes whenever the parser has used up its bytes,
 * and {@linkcode Closed} after the last request. Events without content are frozen singletons.
 *
 * The files of `reading/` make events, and `src/server` reads them.
 *
 * @module
 */

import type { BodyFraming } from "./reading/framing.ts";
import type { RequestTarget } from "./request_target.ts";

/**
 * An event that {@linkcode RequestParser.next} returns. Its `type` tells the kinds apart.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type HttpEvent, RequestParser } from "@x/cogen-wsgi/http";
 *
 * const event: HttpEvent = new RequestParser().next();
 * assertEquals(event.type, "need-data");
 * ```
 */
export type HttpEvent = RequestHead | DataEvent | EndEvent | NeedData | Closed;

/**
 * A complete and valid request head (RFC 9112 §2.1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type RequestHead, RequestParser } from "@x/cogen-wsgi/http";
 *
 * const parser = new RequestParser();
 * const head = "GET /a?b=c HTTP/1.1\r\nHost: example.org\r\n\r\n";
 * parser.push(Uint8Array.from(head, (character) => character.charCodeAt(0)));
 * const request = parser.next() as RequestHead;
 * assertEquals([request.path, request.query, request.host], ["/a", "b=c", "example.org"]);
 * ```
 */
export interface RequestHead extends RequestTarget {
  /** The kind of the event. */
  readonly type: "request";
  /** The method as received, which may be any token. Methods are case-sensitive (RFC 9110 §9.1). */
  readonly method: string;
  /** The request target as received. */
  readonly target: string;
  /** The minor version. It is 1 also for the versions 1.2 to 1.9 (RFC 9110 §6.2). */
  readonly minorVersion: 0 | 1;
  /** Lower-case name, value, name, value, ... in the order received. Values are latin-1 strings. */
  readonly fields: readonly string[];
  /** The delimitation of the body (RFC 9112 §6.3). */
  readonly framing: BodyFraming;
  /** Whether the peer allows the connection to persist after this request (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** Whether the peer holds its body back until a `100 Continue` arrives (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean;
  /** Whether the peer offers to change protocols (RFC 9110 §7.8); the `upgrade` field names them. */
  readonly upgrade: boolean;
  /**
   * The authority of the request: the authority of the target if the target has one (RFC 9112 §3.2.2),
   * else the value of Host. Undefined if both are missing, which is valid in HTTP/1.0 only.
   */
  readonly host: string | undefined;
}

/**
 * A piece of the body, without its framing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type DataEvent, RequestParser } from "@x/cogen-wsgi/http";
 *
 * const parser = new RequestParser();
 * const message = "PUT / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi";
 * parser.push(Uint8Array.from(message, (character) => character.charCodeAt(0)));
 * parser.next();
 * const { bytes } = parser.next() as DataEvent;
 * assertEquals(bytes, new Uint8Array([104, 105]));
 * ```
 */
export interface DataEvent {
  /** The kind of the event. */
  readonly type: "data";
  /**
   * The content, never empty. If `owned` is `false`, the array is a view that is valid until the next
   * call of `next`, `push` or `detach` on the parser.
   */
  readonly bytes: Uint8Array;
  /**
   * Whether `bytes` belongs to the receiver. This is so for short pieces, which are copies, and for
   * pieces that make up most of an array that was pushed as owned.
   */
  readonly owned: boolean;
}

/**
 * The end of a request. It follows every {@linkcode RequestHead}, with or without a body.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type EndEvent, RequestParser } from "@x/cogen-wsgi/http";
 *
 * const parser = new RequestParser();
 * const message = "GET / HTTP/1.0\r\n\r\n";
 * parser.push(Uint8Array.from(message, (character) => character.charCodeAt(0)));
 * parser.next();
 * const end = parser.next() as EndEvent;
 * assertEquals(end, { type: "end", trailers: [] });
 * ```
 */
export interface EndEvent {
  /** The kind of the event. */
  readonly type: "end";
  /**
   * The trailer fields of a chunked body (RFC 9110 §6.5), in the form of `RequestHead.fields`. Fields
   * that may not be trailers, such as `Content-Type`, are not among them.
   */
  readonly trailers: readonly string[];
}

/**
 * The parser has no further event before the next call of `push` or `end`. A frozen singleton.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type NeedData, RequestParser } from "@x/cogen-wsgi/http";
 *
 * const event = new RequestParser().next() as NeedData;
 * assertEquals(event.type, "need-data");
 * ```
 */
export interface NeedData {
  /** The kind of the event. */
  readonly type: "need-data";
}

/**
 * The connection has no further request: the peer ended between two messages, the last request does
 * not let the connection persist (`Connection: close`, or HTTP/1.0 without keep-alive), or the
 * embedder took the rest of the bytes. A frozen singleton.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type Closed, RequestParser } from "@x/cogen-wsgi/http";
 *
 * const parser = new RequestParser();
 * parser.end();
 * const event = parser.next() as Closed;
 * assertEquals(event.type, "closed");
 * ```
 */
export interface Closed {
  /** The kind of the event. */
  readonly type: "closed";
}

/** The only {@linkcode NeedData}. */
export const NEED_DATA: NeedData = Object.freeze({ type: "need-data" });
/** The only {@linkcode Closed}. */
export const CLOSED: Closed = Object.freeze({ type: "closed" });
/** The end of a message without trailers. */
export const END: EndEvent = Object.freeze({ type: "end", trailers: Object.freeze([]) });
