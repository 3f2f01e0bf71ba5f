/**
 * What a request parser tells its caller. For each request: a {@link RequestHead}, its
 * {@link DataEvent}s, one {@link EndEvent}; in between {@link NeedData}, at last {@link Closed}.
 *
 * @module
 */

import type { BodyFraming } from "./reading/framing.ts";
import type { RequestTarget } from "./request_target.ts";

/**
 * Everything that {@link RequestParser.next} can give.
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
  /** Tells the events apart. */
  readonly type: "request";
  /** The method, any token, as received: methods are case-sensitive (RFC 9110 §9.1). */
  readonly method: string;
  /** The request target as received. */
  readonly target: string;
  /** 1 also for versions 1.2 to 1.9. */
  readonly minorVersion: 0 | 1;
  /** Lower-case name, value, name, value, ... in the order received; values are latin-1. */
  readonly fields: readonly string[];
  /** How the body is delimited. */
  readonly framing: BodyFraming;
  /** Whether the peer lets the connection persist after this request (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** Whether the peer holds its body back until it sees `100 Continue` (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean;
  /** Whether the peer offers to change protocols (RFC 9110 §7.8); the `upgrade` field names them. */
  readonly upgrade: boolean;
  /**
   * The authority the request is for: that of the target where it has one (RFC 9112 §3.2.2), else the
   * Host field; undefined if there is neither, which only HTTP/1.0 may do.
   */
  readonly host: string | undefined;
}

/**
 * A part of the body, without its framing.
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
  /** Tells the events apart. */
  readonly type: "data";
  /** Never empty. A view, valid only until the parser's next `next`, `push` or `detach`; or a copy. */
  readonly bytes: Uint8Array;
  /** Whether the bytes are a copy, which may be kept: so it is with few. */
  readonly copied: boolean;
}

/**
 * The request is wholly read; follows every {@link RequestHead}, with or without a body.
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
  /** Tells the events apart. */
  readonly type: "end";
  /** The trailer fields of a chunked body (RFC 9110 §6.5), in the form of `RequestHead.fields`. */
  readonly trailers: readonly string[];
}

/**
 * Nothing more can be said before `push` or `end`. A frozen singleton.
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
  /** Tells the events apart. */
  readonly type: "need-data";
}

/**
 * No further request will come: the peer ended between messages, its last request forbade another
 * (`Connection: close`, or HTTP/1.0 without keep-alive), or the rest was taken. A frozen singleton.
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
  /** Tells the events apart. */
  readonly type: "closed";
}

export const NEED_DATA: NeedData = Object.freeze({ type: "need-data" });
export const CLOSED: Closed = Object.freeze({ type: "closed" });
/** The end of a message without trailers. */
export const END: EndEvent = Object.freeze({ type: "end", trailers: Object.freeze([]) });
