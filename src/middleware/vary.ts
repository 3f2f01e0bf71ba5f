/**
 * The `Vary` field (RFC 9110 §12.5.5), which tells caches the request fields that a response depends on.
 *
 * The middlewares with answers that depend on a request field call this.
 *
 * @module
 */

import type { HeaderList } from "../wsgi/mod.ts";

/**
 * Names a request field in `Vary`.
 *
 * The name joins the last `Vary` line that the app has sent. A `Vary` of `*`, or one that has the name
 * already, stays as it is.
 *
 * @param headers The header fields of the response.
 * @param field The name of the request field.
 * @returns The header fields with that `Vary`; `headers` itself if nothing changes.
 */
export function varyOn(headers: HeaderList, field: string): HeaderList {
  const lines = headers.filter(isVary);
  const names = lines.flatMap(([, value]) => value.split(",")).map((name) => name.trim());
  if (names.includes("*") || names.some((name) => isSame(name, field))) return headers;
  const last = lines.at(-1);
  if (last === undefined) return [...headers, ["Vary", field]];
  return headers.map((line) => line === last ? [line[0], joined(line[1], field)] : line);
}

function isVary([name]: HeaderList[number]): boolean {
  return isSame(name, "vary");
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function joined(names: string, name: string): string {
  return names.trim() === "" ? name : `${names}, ${name}`;
}
