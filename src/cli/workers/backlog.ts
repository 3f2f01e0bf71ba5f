/**
 * The queue of a listening socket: the connections that the system has accepted, and this process has not.
 *
 * The trap: a listener that closes resets the connections in its queue, so they are taken before it closes.
 *
 * `serve_workers.ts`, and `serve.ts` with `--reload`, call this, for connections that no server of this process
 * counts.
 *
 * @module
 */

import { runtimeAdapter } from "../../../mod.ts";

/** The length of a queue, if no option gives it. */
export const DEFAULT_BACKLOG = 511;

/**
 * The turns without a new connection after which the queue is taken for empty. Deno accepts at most 128 connections
 * in a row, and then other events come first.
 */
const QUIET_TURNS = 20;

/**
 * Waits until the connections in the queues are taken. Connections may come without a pause, so the wait ends when
 * as many have come as the queues can hold.
 *
 * @param taken Gives the number of connections that this process has taken.
 * @param length The number of connections that the queues can hold.
 */
export async function emptyQueues(taken: () => number, length: number): Promise<void> {
  const last = taken() + length + 1;
  for (let quiet = 0; quiet < QUIET_TURNS && taken() < last;) {
    const before = taken();
    await nextPoll();
    quiet = taken() === before ? quiet + 1 : 0;
  }
}

/** Waits until the event loop has polled for input and output. */
export async function nextPoll(): Promise<void> {
  const { clock } = await runtimeAdapter();
  await new Promise<void>((resolve) => (clock.afterPoll ?? clock.defer)(resolve));
}
