/**
 * A channel of messages within this process, in place of that between a supervisor and its worker.
 *
 * @module
 */

import type { MessageChannel } from "../../src/bus/mod.ts";

/** Makes the two ends of a channel. Messages are copied, and arrive in a later turn. */
export function channelPair(): [MessageChannel, MessageChannel] {
  const listeners: Set<(message: unknown) => void>[] = [new Set(), new Set()];
  const end = (own: number): MessageChannel => ({
    send: (message) => {
      const text = JSON.stringify(message);
      setImmediate(() => {
        for (const listener of listeners[1 - own] ?? []) listener(JSON.parse(text));
      });
    },
    onMessage: (listener) => {
      listeners[own]?.add(listener);
      return () => void listeners[own]?.delete(listener);
    },
  });
  return [end(0), end(1)];
}
