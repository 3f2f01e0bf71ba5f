/**
 * The responses that are compressed, and their header fields.
 *
 * The rules protect caches and resumed downloads. A cache must know that the response depends on
 * `Accept-Encoding`, and a part of the uncompressed body must never be joined to a part of the compressed one.
 * An `ETag` therefore becomes weak: zlib may give other bytes for the same content on another machine, and
 * a weak tag forbids joining parts (RFC 9110 §8.8.1, §13.1.5).
 *
 * `compress` calls this.
 *
 * @module
 */

import type { Environ, HeaderList } from "../../wsgi/mod.ts";
import type { StartCall } from "../deferred_start.ts";
import { varyOn } from "../vary.ts";
import type { Negotiated } from "./accept_encoding.ts";
import type { Encoding } from "./zlib.ts";

/** The checked options of `compress`. */
export interface Policy {
  readonly minBytes: number;
  readonly contentTypes: RegExp;
}

/**
 * - `untouched`: the response does not depend on `Accept-Encoding`
 * - `varying`: the response is sent as it is, but would be compressed for another request
 * - `encodable`: the response is compressed, if its body is not too small
 * - `validating`: a 304 to a client that has stored a compressed response
 */
export type Treatment = "untouched" | "varying" | "encodable" | "validating";

/** Statuses of responses without content; 304 has rules of its own. */
const WITHOUT_CONTENT: readonly number[] = [204, 205];

/**
 * The fields with a digest of the bytes that are sent (RFC 1864, RFC 3230, RFC 9530). After
 * compression the digest is wrong.
 */
const DIGESTS: readonly string[] = ["content-md5", "digest", "content-digest", "repr-digest"];
/** The fields that an encoded response must not have. */
const DROPPED: ReadonlySet<string> = new Set(["content-length", "accept-ranges", ...DIGESTS]);

/** Decides on a response by its head, before its body is known. */
export function treatmentOf(
  { status, headers }: StartCall,
  environ: Environ,
  negotiated: Negotiated,
  policy: Policy,
): Treatment {
  const code = Number(status.slice(0, 3));
  if (WITHOUT_CONTENT.includes(code) || valueOf(headers, "content-encoding") !== undefined) {
    return "untouched";
  }
  if (/\bno-transform\b/i.test(valueOf(headers, "cache-control") ?? "")) return "untouched";
  const type = valueOf(headers, "content-type");
  const isCompressible = type !== undefined && type.search(policy.contentTypes) >= 0;
  if (code === 304) {
    // RFC 9110 §15.4.5: the Vary and the ETag of the 200. Most 304s do not name their content type.
    if (type !== undefined && !isCompressible) return "untouched";
    return negotiated.encoding !== undefined && holdsEncoded(headers, environ)
      ? "validating"
      : "varying";
  }
  if (code === 206 || valueOf(headers, "content-range") !== undefined) {
    // RFC 9110 §15.3.7: a 206 need not repeat the content type.
    const mayBeText = type === undefined || isCompressible || isMultipart(type);
    return mayBeText ? "varying" : "untouched";
  }
  if (!isCompressible) return "untouched";
  const { encoding, acceptsIdentity } = negotiated;
  if (encoding === undefined || hasDigestTrailer(headers)) return "varying";
  if (acceptsIdentity && asksForPart(environ)) return "varying";
  const length = valueOf(headers, "content-length");
  if (length === undefined) return "encodable";
  // The server refuses a length that is no number.
  if (!/^\d+$/.test(length)) return "varying";
  return acceptsIdentity && Number(length) < policy.minBytes ? "varying" : "encodable";
}

/** The header fields of a response that depends on `Accept-Encoding` and is not compressed. */
export function varying(headers: HeaderList): HeaderList {
  return varyOn(headers, "Accept-Encoding");
}

/** The header fields of a compressed response, without its length. */
export function encoded(headers: HeaderList, encoding: Encoding): HeaderList {
  return [...validating(headers), ["Content-Encoding", encoding]];
}

/** The header fields of a 304 that refers to a compressed response, and of that response. */
export function validating(headers: HeaderList): HeaderList {
  const kept = headers
    .filter(([name]) => !DROPPED.has(name.toLowerCase()))
    .map(([name, value]) => [name, name.toLowerCase() === "etag" ? weak(value) : value] as const);
  return varying(kept);
}

/** Gives the value of a field. Several lines of a field are joined, as RFC 9110 §5.3 allows. */
export function valueOf(headers: HeaderList, wanted: string): string | undefined {
  let joined: string | undefined;
  for (const [name, value] of headers) {
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) continue;
    joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
}

/**
 * Gives the request without its `Range`, if the client may hold a part of a compressed response;
 * otherwise the request itself.
 *
 * A weak tag in `If-Range` never allows a part (RFC 9110 §13.1.5). A date does, but may be the date of the
 * compressed response, and the app would send a part of the uncompressed one.
 */
export function withoutDoubtfulRange(environ: Environ, { encoding }: Negotiated): Environ {
  const condition = environ.HTTP_IF_RANGE;
  if (environ.HTTP_RANGE === undefined || condition === undefined) return environ;
  const isWeakTag = condition.startsWith("W/");
  const isDate = !isWeakTag && !condition.startsWith('"');
  if (!isWeakTag && !(isDate && encoding !== undefined)) return environ;
  const { HTTP_RANGE: _range, ...rest } = environ;
  return rest as Environ;
}

/**
 * Whether a 304 refers to a compressed response. It does not if the client names only the strong
 * tag, which only an uncompressed response has. In doubt the answer is yes, as a strong tag on a
 * stored compressed response would allow a cache to join it with uncompressed parts.
 */
function holdsEncoded(headers: HeaderList, { HTTP_IF_NONE_MATCH: field }: Environ): boolean {
  const etag = valueOf(headers, "etag");
  if (etag === undefined || field === undefined || etag.startsWith("W/")) return true;
  const tags: readonly string[] = field.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.includes(weak(etag)) || !tags.includes(etag);
}

/** Whether the request asks for a part. Only GET can (RFC 9110 §14.2). */
function asksForPart({ REQUEST_METHOD: method, HTTP_RANGE: range }: Environ): boolean {
  return method === "GET" && range !== undefined;
}

function isMultipart(type: string): boolean {
  return /^multipart\/byteranges\b/i.test(type);
}

/** Whether the app will send a digest of the uncompressed bytes after the body. */
function hasDigestTrailer(headers: HeaderList): boolean {
  const names = (valueOf(headers, "trailer") ?? "").toLowerCase().split(",");
  return names.some((name) => DIGESTS.includes(name.trim()));
}

/** Makes an entity tag weak. A weak tag names the same content in other bytes (RFC 9110 §8.8.1). */
function weak(etag: string): string {
  return etag.startsWith("W/") ? etag : `W/${etag}`;
}
