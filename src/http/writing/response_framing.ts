/**
 * How a response's body is delimited: RFC 9112 §6.3 and RFC 9110 §6.4.1, from the sender's side.
 */

import { ResponseError } from "../errors.ts";
import { quote } from "../grammar.ts";

/** `none`: no body, whatever the app yields; `close`: until the connection ends. */
export type ResponseFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "close" };

/** Whether a response has a body at all: not to HEAD, nor with 1xx, 204, 304, nor 2xx to CONNECT. */
export function mayHaveBody(method: string, status: number): boolean {
  if (status === 204 || status === 304 || status < 200) return false;
  return method !== "HEAD" && !(method === "CONNECT" && status < 300);
}

/**
 * Whether Content-Length may stand in the head: RFC 9110 §8.6 forbids it where there could not even be
 * a body for another method.
 */
export function mayHaveLength(method: string, status: number): boolean {
  return status >= 200 && status !== 204 && !(method === "CONNECT" && status < 300);
}

/** Reads the app's Content-Length; `before` is one that came earlier, which none may. */
export function parseOwnLength(value: string, before: number | undefined): number {
  if (before !== undefined) throw new ResponseError("Cannot send two Content-Length fields");
  const length = /^[0-9]+$/.test(value) ? Number(value) : NaN;
  if (Number.isSafeInteger(length)) return length;
  throw new ResponseError(`Cannot send Content-Length ${quote(value)}: expected decimal digits`);
}

const NONE: ResponseFraming = Object.freeze({ kind: "none" });
const CHUNKED: ResponseFraming = Object.freeze({ kind: "chunked" });
const CLOSE: ResponseFraming = Object.freeze({ kind: "close" });

/** Decides the framing once the head's facts are known. */
export function responseFraming(
  hasBody: boolean,
  length: number | undefined,
  mayChunk: boolean,
): ResponseFraming {
  if (!hasBody) return NONE;
  if (length !== undefined) return { kind: "length", length };
  return mayChunk ? CHUNKED : CLOSE;
}
