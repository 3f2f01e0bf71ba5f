/**
 * The servers that a status or metrics are about.
 *
 * The recorders and their apps call this.
 *
 * @module
 */

import { checkOption, optionError } from "../coroutine/mod.ts";
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
  if (fault === undefined && !servers.includes(undefined)) return [...servers] as WSGIServer[];
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

/**
 * Checks the servers of an app, which has at least one unless other processes have theirs.
 *
 * @throws {TypeError} If one of them is no server, or there is none.
 */
export function checkServers(
  caller: string,
  servers: WSGIServer | readonly WSGIServer[],
  others: unknown,
): void {
  checkOption(`others of ${caller}`, others, "function");
  if (serversOf(caller, servers).length > 0 || others !== undefined) return;
  throw optionError(`The argument of ${caller}`, servers, "a WSGIServer, or the option others");
}
