/**
 * The errors with which the server has ended waits of requests: the client has left, its bytes are malformed, a
 * deadline has passed, the server shuts down, or the app has ended.
 *
 * No app need catch them, and neither need a coroutine that an app has left behind. The request knows its own
 * reason; a coroutine knows no request, so the reasons of all requests are kept here.
 *
 * The exchange notes its reason; the settings ask before they report the error of a coroutine.
 *
 * @module
 */

import { isOf } from "../coroutine/internal.ts";
import { ClientDisconnected } from "../wsgi/mod.ts";

const reasons = new WeakSet<Error>();

/** Notes the error of the waits of a request that ends. */
export function noteAbort(reason: Error): void {
  reasons.add(reason);
}

/**
 * Whether an error tells of an abort, or of a client that has left, or was made of such an error: `fetch` makes a
 * `TypeError` of the error of the body that it sends, with that error as the cause. It is not reported.
 */
export function tellsOfAbort(error: unknown): boolean {
  if (isOf(ClientDisconnected, error)) return true;
  if (typeof error !== "object" || error === null) return false;
  if (reasons.has(error as Error)) return true;
  const cause = causeOf(error);
  return isOf(ClientDisconnected, cause) || reasons.has(cause as Error);
}

/** The cause of an error. An app may throw an object with a getter that throws. */
function causeOf(error: object): unknown {
  try {
    return (error as Error).cause;
  } catch {
    return undefined;
  }
}
