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

/** All of these fields. */
export const FIELDS: readonly ForwardedField[] = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-prefix",
];
