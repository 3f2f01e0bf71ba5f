/**
 * The id of the last event that a client has seen.
 *
 * Apps and the streams of this folder call this.
 *
 * @module
 */

import { checkEnviron, type Environ } from "../wsgi/mod.ts";

/**
 * Reads the `Last-Event-ID` that a client sends when it connects again.
 *
 * @param environ The environ of the request.
 * @returns The id as the server sent it; `undefined` if there is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lastEventId } from "@x/cogen-wsgi/sse";
 * import { testClient } from "@x/cogen-wsgi/testing";
 *
 * await using client = testClient((environ, startResponse) => {
 *   startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *   return [lastEventId(environ) ?? "none"];
 * });
 * const answer = await client.get("/", { headers: { "Last-Event-ID": "7" } });
 * assertEquals(answer.text, "7");
 * ```
 */
export function lastEventId(environ: Environ): string | undefined {
  checkEnviron("lastEventId", environ);
  const given = environ["HTTP_LAST_EVENT_ID"];
  if (typeof given !== "string" || given === "") return undefined;
  // Clients send UTF-8. A native string of the environ has one character for each byte.
  const bytes = Uint8Array.from(given, (character) => character.charCodeAt(0));
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
