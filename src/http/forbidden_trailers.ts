/**
 * The fields that may not be trailers (RFC 9110 §6.5.1), in either direction.
 *
 * A trailer arrives after the recipient has framed, routed and authorized the message. A field that
 * must be read before the content must not come this late.
 *
 * Strategy: a sender refuses all of these fields. A recipient may retain or discard a trailer (RFC
 * 9112 §7.1.2), but another party may merge the trailer into the head. If that party would then
 * frame, route or authorize the message differently, the recipient refuses the request as an attack
 * or a grave error. It discards the other fields: conforming clients may send them by mistake, and
 * the request is valid without them.
 *
 * `reading/trailer_reader.ts` and `writing/response_checks.ts` call this.
 *
 * @module
 */

/**
 * The names that a recipient refuses, in groups of one or two lines: framing and connection (with
 * `expect`, which decides whether the content is sent), routing, authentication and cookies.
 */
const REFUSED_TRAILERS: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "expect", "keep-alive", "proxy-connection", "te"],
  ...["transfer-encoding", "upgrade"],
  ...["forwarded", "host", "max-forwards", "via", "x-forwarded-for", "x-forwarded-host"],
  ...["x-forwarded-port", "x-forwarded-proto", "x-real-ip"],
  ...["authorization", "cookie", "origin", "proxy-authenticate", "proxy-authorization"],
  ...["set-cookie", "www-authenticate"],
]);

/**
 * The names that a recipient discards, in groups of one or two lines: request modifiers, response
 * control data, content format, and the announcement of trailers.
 */
const DISCARDED_TRAILERS: ReadonlySet<string> = new Set([
  ...["cache-control", "if-match", "if-modified-since", "if-none-match", "if-range"],
  ...["if-unmodified-since", "pragma", "range"],
  ...["age", "date", "expires", "location", "retry-after", "vary"],
  ...["content-encoding", "content-range", "content-type"],
  ...["trailer"],
]);

/** Whether a sender may not send a field as a trailer; `name` is in lower case. */
export function isForbiddenTrailer(name: string): boolean {
  return isRefusedTrailer(name) || isDiscardedTrailer(name);
}

/** Whether a recipient refuses a request with this trailer; `name` is in lower case. */
export function isRefusedTrailer(name: string): boolean {
  return REFUSED_TRAILERS.has(name);
}

/** Whether a recipient discards this trailer; `name` is in lower case. */
export function isDiscardedTrailer(name: string): boolean {
  return DISCARDED_TRAILERS.has(name);
}
