/**
 * The framing of a response's body as pure functions: the sender's part of RFC 9112 §6.3 and RFC
 * 9110 §6.4.1. The recipient's part is `reading/framing.ts`.
 *
 * `response_writer.ts`, `prepared_head.ts` and `src/wsgi/running/response.ts` call this.
 *
 * @module
 */

import { ResponseError } from "../errors.ts";
import { quote } from "../grammar.ts";

/**
 * The delimitation of a body. `none`: the response has no body, and blocks of the app are dropped.
 * `close`: the end of the connection ends the body.
 */
export type ResponseFraming = "none" | "length" | "chunked" | "close";

/** 205 (Reset Content): unlike 204 it is framed as other responses are, by `Content-Length: 0`. */
export const RESET_CONTENT = 205;

/**
 * Whether a response may have a body. A response to HEAD, a 2xx to CONNECT, and the statuses 1xx, 204
 * and 304 have none (RFC 9112 §6.3). A server sends none with 205 (RFC 9110 §15.3.6).
 */
export function mayHaveBody(method: string, status: number): boolean {
  if (status === 204 || status === RESET_CONTENT || status === 304 || status < 200) return false;
  return method !== "HEAD" && !(method === "CONNECT" && status < 300);
}

/**
 * Whether the head may have Content-Length. RFC 9110 §8.6 forbids the field for 1xx, 204, and a 2xx
 * to CONNECT. A response to HEAD and a 304 may have it: there it is the length of the body that GET
 * would have.
 */
export function mayHaveLength(method: string, status: number): boolean {
  return status >= 200 && status !== 204 && !(method === "CONNECT" && status < 300);
}

/**
 * Reads the app's Content-Length.
 *
 * @param before The length from an earlier Content-Length field, if any.
 * @throws {ResponseError} For a second field, and for a value that is not `1*DIGIT` below 2^53.
 */
export function parseOwnLength(value: string, before: number | undefined): number {
  if (before !== undefined) throw new ResponseError("Cannot send two Content-Length fields");
  const length = /^[0-9]+$/.test(value) ? Number(value) : NaN;
  if (Number.isSafeInteger(length)) return length;
  throw new ResponseError(`Cannot send Content-Length ${quote(value)}: expected decimal digits`);
}

/**
 * Decides the framing of a body.
 *
 * @param length The length of the whole body, if it is known.
 * @param mayChunk Whether the client and the protocol of the response allow the chunked coding.
 */
export function responseFraming(
  hasBody: boolean,
  length: number | undefined,
  mayChunk: boolean,
): ResponseFraming {
  if (!hasBody) return "none";
  if (length !== undefined) return "length";
  return mayChunk ? "chunked" : "close";
}
