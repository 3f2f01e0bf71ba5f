/**
 * The fields in which proxies tell of the client.
 *
 * @module
 */

/** A field of proxies that {@linkcode trustProxy} can read. */
export type ForwardedField =
  | "forwarded"
  | "x-forwarded-for"
  | "x-forwarded-proto"
  | "x-forwarded-host"
  | "x-forwarded-port"
  | "x-forwarded-prefix";

/**
 * The names of all fields that {@linkcode trustProxy} can read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FORWARDED_FIELDS } from "@x/cogen-wsgi/middleware";
 *
 * assertEquals(FORWARDED_FIELDS.length, 6);
 * ```
 */
export const FORWARDED_FIELDS: readonly ForwardedField[] = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-prefix",
];
