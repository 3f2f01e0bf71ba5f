/**
 * The fields that may not be trailers (RFC 9110 §6.5.1), in either direction.
 *
 * A trailer arrives after the recipient has framed, routed and authorized the message. A field that
 * decides one of these must not come this late. Such a trailer is an error; the engine does not drop it
 * silently, because another party may have merged it into the head.
 *
 * Called by `reading/trailer_reader.ts` and `writing/response_checks.ts`.
 *
 * @module
 */

/**
 * The forbidden names, one group a line or two: framing and connection, routing, request modifiers,
 * authentication and cookies, response control data, content format.
 */
const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set([
  ...[
    "connection",
    "content-length",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
  ],
  ...["forwarded", "host", "proxy-connection", "via", "x-forwarded-for", "x-forwarded-host"],
  ...["x-forwarded-port", "x-forwarded-proto", "x-real-ip"],
  ...["cache-control", "expect", "if-match", "if-modified-since", "if-none-match", "if-range"],
  ...["if-unmodified-since", "max-forwards", "pragma", "range"],
  ...["authorization", "cookie", "origin", "proxy-authenticate", "proxy-authorization"],
  ...["set-cookie", "www-authenticate"],
  ...["age", "date", "expires", "location", "retry-after", "vary"],
  ...["content-encoding", "content-range", "content-type"],
]);

/** Whether a field may not be a trailer; `name` is in lower case. */
export function isForbiddenTrailer(name: string): boolean {
  return FORBIDDEN_TRAILERS.has(name);
}
