/**
 * The names of methods in traces and metrics.
 *
 * A client may send any token as the method, and labels must be few. So all names that no standard has share
 * one label.
 *
 * `openTelemetry` and `MetricsRecorder` call this.
 *
 * @module
 */

/** RFC 9110 §9, RFC 5789, and the method QUERY (draft-ietf-httpbis-safe-method-w-body). */
const METHODS: ReadonlySet<string> = new Set([
  ...["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"],
]);

/**
 * Gives the name of a method for traces and metrics, as OpenTelemetry's HTTP conventions say.
 *
 * @param method The method of a request.
 * @returns The method; `_OTHER` for one that no standard names.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { knownMethod } from "@x/cogen-wsgi/http";
 *
 * assertEquals(["GET", "QUERY", "get", "BREW"].map(knownMethod), ["GET", "QUERY", "_OTHER", "_OTHER"]);
 * ```
 */
export function knownMethod(method: string): string {
  return METHODS.has(method) ? method : "_OTHER";
}
