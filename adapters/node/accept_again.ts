/**
 * Keeps a `net.Server` of Deno accepting.
 *
 * `listen.ts` imports this on Deno, which listens with `node:net` for TLS.
 *
 * @module
 */

import type * as net from "node:net";
import { setInterval } from "node:timers";

/** The time between two calls by which a server of Deno goes on to accept, in milliseconds. */
const ACCEPT_AGAIN_MS = 1000;

/** The part of a `net.Server` that leads to the listener of the runtime. */
interface Internals {
  readonly _handle?: { listen?(backlog: number): unknown } | null;
}

/**
 * Lets a server of Deno go on to accept. Without a free descriptor, it ends for ever to accept, and tells nothing
 * of it. Its handle goes on when it listens again; otherwise the call changes nothing.
 *
 * @param server The server, which listens.
 * @param backlog The length of its queue.
 * @returns The function that ends the calls.
 */
export function acceptAgain(server: net.Server & Internals, backlog = 511): () => void {
  const timer = setInterval(() => void server._handle?.listen?.(backlog), ACCEPT_AGAIN_MS);
  timer.unref();
  return () => clearInterval(timer);
}
