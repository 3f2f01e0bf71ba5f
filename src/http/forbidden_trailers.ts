/**
 * Which fields may not come as trailers (RFC 9110 §6.5.1), in either direction.
 *
 * A trailer arrives when the message was long framed, routed and allowed. A field that decides one of
 * these must not come this late, so it is an error, not silently dropped.
 */

/** Fields of framing, routing, request modifiers, authentication, response controls, content format. */
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

/** Whether a field, named in lower case, may not come as a trailer. */
export function isForbiddenTrailer(name: string): boolean {
  return FORBIDDEN_TRAILERS.has(name);
}
