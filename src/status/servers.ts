/**
 * The servers that a status or metrics are about.
 *
 * `status_app.ts`, `observation.ts` and `metrics_recorder.ts` call this.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";
import type { WSGIServer } from "../server/mod.ts";

/**
 * Checks the servers of a status or of metrics.
 *
 * @throws {TypeError} If one of them is no server.
 */
export function serversOf(
  caller: string,
  given: WSGIServer | readonly WSGIServer[],
): readonly WSGIServer[] {
  const servers: readonly unknown[] = Array.isArray(given) ? given : [given];
  const fault = servers.find((server) => {
    const { stats, onResponse } = Object(server) as Partial<WSGIServer>;
    return typeof stats !== "function" || typeof onResponse !== "function";
  });
  if (fault === undefined && servers.length > 0 && !servers.includes(undefined)) {
    return [...servers] as WSGIServer[];
  }
  throw optionError(`The argument of ${caller}`, fault, "a WSGIServer, or an array of them");
}

/** The address of a server; empty if the server does not listen. */
export function urlOf(server: WSGIServer): string {
  try {
    return server.url;
  } catch {
    return "";
  }
}
