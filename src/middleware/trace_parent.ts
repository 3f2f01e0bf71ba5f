/**
 * The field `traceparent` of W3C Trace Context, Level 1: the trace that a request belongs to.
 *
 * The access log reads the id of the trace, and `open_telemetry` the whole field.
 *
 * @module
 */

import type { Environ } from "../wsgi/mod.ts";

/** The values of a `traceparent`. */
export interface TraceParent {
  /** 32 hexadecimal digits in lower case, not all zeros. */
  readonly traceId: string;
  /** The id of the calling span: 16 hexadecimal digits in lower case, not all zeros. */
  readonly spanId: string;
  /** The flags; bit 0 says that the caller has recorded the trace. */
  readonly traceFlags: number;
}

/** W3C Trace Context §3.2: a later version may have further members. */
const FIELD =
  /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/**
 * Reads the `traceparent` of a request.
 *
 * @returns `undefined` if there is none, or if it is not valid.
 */
export function traceParentOf({ HTTP_TRACEPARENT }: Environ): TraceParent | undefined {
  if (HTTP_TRACEPARENT === undefined) return undefined;
  const [, version, traceId, spanId, flags, rest] = FIELD.exec(HTTP_TRACEPARENT) ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  if (version === "00" && rest !== undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags as string, 16) };
}

/** The id of the trace that a request belongs to; `undefined` if it tells none. */
export function traceIdOf(environ: Environ): string | undefined {
  return traceParentOf(environ)?.traceId;
}
