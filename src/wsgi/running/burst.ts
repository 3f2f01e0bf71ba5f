/**
 * Bursts: how long an app runs, and how much it gives, before its blocks are handed to the socket. A burst
 * decides when bytes are written, and how many in one write. A burst never changes the bytes of the response.
 *
 * An app that never waits runs in bursts. After each one its blocks are handed over and the other
 * tasks have their turn. A burst ends by the clock, by the number of bytes, or when the client's
 * window is full. The app run and the closing of an app call this.
 *
 * @module
 */

import type { AppContext } from "./app_context.ts";

/** A burst ends at this many bytes, however short it was; bounds the memory of one response. */
const MAX_PENDING_BYTES = 65_536;

/** The time, by the clock, at which a burst that begins now ends. */
export function burstEnd(context: AppContext): number {
  return context.now() + context.burstMs;
}

/**
 * Whether a burst goes on.
 *
 * @param context The request.
 * @param endMs The time at which the burst ends, by the clock; `undefined` for the first one.
 * @param bytes The size of the next block, if it is known.
 */
export function burstLasts(
  context: AppContext,
  endMs: number | undefined,
  bytes: number = 0,
): boolean {
  const { output } = context;
  const end = endMs ?? context.startedAt + context.burstMs;
  return context.now() < end && output.size + bytes < MAX_PENDING_BYTES && !output.full;
}
