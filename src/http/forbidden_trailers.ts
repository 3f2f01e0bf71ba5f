/**
 * The fields that may not be trailers (RFC 9110 §6.5.1), in either direction.
 *
 * A trailer arrives after the recipient has framed, routed and authorized the message, and after it
 * has chosen how to read the content. A field may be a trailer only if its definition permits it. The
 * definitions of HTTP itself (RFC 9110, 9111, 9112, 6265, 6454, 7239) permit it for few fields, the
 * table `PERMITTED`. Fields of other definitions are the decision of their sender, except for the
 * families below. The environ of an app never has a trailer.
 *
 * Strategy: a sender refuses all fields that may not be trailers. A recipient may retain or discard a
 * trailer (RFC 9112 §7.1.2), but another party may merge the trailer into the head. If that party would
 * then frame, route or authorize the message differently, the recipient refuses the request as an attack
 * or a grave error. It discards the other fields: conforming clients may send them by mistake, and
 * the request is valid without them.
 *
 * `reading/trailer_reader.ts` and `writing/response_checks.ts` call this.
 *
 * @module
 */

/** Fields by their names, and families of fields by the beginning of their names; in lower case. */
interface FieldGroup {
  readonly names: ReadonlySet<string>;
  readonly families: readonly string[];
}

/**
 * The fields of a listed family whose definitions permit trailers: RFC 9110 §11.6.3, §11.7.3, §14.3,
 * RFC 9530 §2, and the older `Content-MD5`. `ETag` (RFC 9110 §8.8.3) is in no family.
 */
const PERMITTED: ReadonlySet<string> = new Set([
  ...["accept-ranges", "authentication-info", "content-digest", "content-md5"],
  "proxy-authentication-info",
]);

/**
 * The fields that a recipient refuses, in groups of one or two lines: framing and connection (with
 * `expect`, which decides whether the content is sent), routing, and the identity of the client.
 *
 * The families: `proxy-` is the connection to a proxy and its credentials; with `x-forwarded-` and
 * `x-original-` a proxy tells the client's address, the host and the path; `sec-` is set by browsers
 * alone, and servers decide by it whether a request is allowed.
 */
const REFUSED: FieldGroup = {
  names: new Set([
    ...["close", "connection", "content-length", "expect", "http2-settings", "keep-alive", "te"],
    ...["transfer-encoding", "upgrade"],
    ...["forwarded", "host", "max-forwards", "via", "x-http-method-override", "x-rewrite-url"],
    ...["authorization", "cookie", "cookie2", "origin", "set-cookie", "set-cookie2"],
    ...["www-authenticate", "x-client-ip", "x-real-ip"],
  ]),
  families: ["proxy-", "sec-", "x-forwarded-", "x-original-"],
};

/**
 * The fields that a recipient discards, in groups of one or two lines: request modifiers and the
 * context of a request, response control data and context, and the announcement of trailers.
 *
 * The families: `accept-` is content negotiation, `if-` are conditions, `content-` is the format of the
 * content and the policy for it, and browsers judge a response by `access-control-` and `cross-origin-`.
 */
const DISCARDED: FieldGroup = {
  names: new Set([
    ...["accept", "cache-control", "pragma", "prefer", "range", "referer", "user-agent", "from"],
    ...["age", "allow", "date", "expires", "last-modified", "location", "mime-version"],
    ...["retry-after", "server", "strict-transport-security", "vary", "warning"],
    "trailer",
  ]),
  families: ["accept-", "access-control-", "content-", "cross-origin-", "if-"],
};

/** Whether a sender may not send a field as a trailer; `name` is in lower case. */
export function isForbiddenTrailer(name: string): boolean {
  return isRefusedTrailer(name) || isDiscardedTrailer(name);
}

/** Whether a recipient refuses a request with this trailer; `name` is in lower case. */
export function isRefusedTrailer(name: string): boolean {
  return isOf(REFUSED, name);
}

/** Whether a recipient discards this trailer; `name` is in lower case. */
export function isDiscardedTrailer(name: string): boolean {
  return isOf(DISCARDED, name);
}

function isOf({ names, families }: FieldGroup, name: string): boolean {
  if (names.has(name)) return true;
  return families.some((family) => name.startsWith(family)) && !PERMITTED.has(name);
}
