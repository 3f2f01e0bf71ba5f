/**
 * The errors with which the server has ended waits of requests: the client has left, its bytes are malformed, a
 * deadline has passed, the server shuts down, or the app has ended.
 *
 * No app need catch them, and neither need a coroutine that an app has left behind. Such a coroutine knows no
 * request, so the reasons of all requests are kept here.
 *
 * The `cogen` of a request notes its reason; the exchange and the settings ask before they report an error.
 *
 * @module
 */

import { isOf } from "../../coroutine/internal.ts";
import { ClientDisconnected } from "../input/body_buffer.ts";

const reasons = new WeakSet<Error>();

/** Notes the error of the waits of a request that ends. */
export function noteAbort(reason: Error): void {
  reasons.add(reason);
}

/**
 * Whether an error tells of an abort, or of a client that has left, or was made of such an error: a function of a
 * runtime makes an `AbortError` of the reason of a signal, and `fetch` a `TypeError` of the error of the body that
 * it sends, with the error as the cause. It is not reported.
 */
export function tellsOfAbort(error: unknown): boolean {
  return isAbort(error) || isAbort(causeOf(error));
}

function isAbort(error: unknown): boolean {
  return isOf(ClientDisconnected, error) || reasons.has(error as Error);
}

/** The cause of an error. An app may throw any value, also an object with a getter that throws. */
function causeOf(error: unknown): unknown {
  try {
    return (error as Error).cause;
  } catch {
    return undefined;
  }
}
