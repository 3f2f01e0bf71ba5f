/**
 * The messages between the transport of a worker and the hub.
 *
 * | message from the worker | its answer or effect |
 * |---|---|
 * | `{ bus: 1, id, call, args }` | `{ bus: 1, id, result }` or `{ bus: 1, id, error }` |
 * | `{ bus: 1, watch: name }`, `{ bus: 1, unwatch: name }` | `{ bus: 1, news: name }` after each change |
 * | `{ bus: 1, listen: true }` | `{ bus: 1, signal: id, name, text }`, answered by `{ bus: 1, woken: id, count }` |
 *
 * Other messages of the same channel are left alone.
 *
 * `channel.ts` and `channel_hub.ts` send and receive these.
 *
 * @module
 */

import { optionError } from "../../coroutine/mod.ts";

/** A channel of messages to another process or thread. */
export interface MessageChannel {
  /** Sends a message: an object of JSON values. */
  send(message: unknown): void;
  /**
   * Calls a listener with each message of the other end.
   *
   * @returns A function that removes the listener.
   */
  onMessage(listener: (message: unknown) => void): (() => void) | void;
}

/** The calls of a transport that travel to the hub. */
export type CallName = "append" | "page" | "put" | "take" | "settle" | "send";

/** The names of all calls. */
export const CALLS: readonly string[] = ["append", "page", "put", "take", "settle", "send"];

/** Any message of the protocol. */
export interface Wire {
  readonly bus?: 1;
  readonly id?: number;
  readonly call?: CallName;
  readonly args?: readonly never[];
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
  readonly watch?: string;
  readonly unwatch?: string;
  readonly news?: string;
  readonly listen?: boolean;
  readonly signal?: number;
  readonly name?: string;
  readonly text?: string;
  readonly woken?: number;
  readonly count?: number;
}

/** @throws {TypeError} If the channel is none. */
export function checkChannel(channel: MessageChannel): void {
  if (typeof channel?.send === "function" && typeof channel.onMessage === "function") return;
  throw optionError("channel", channel, "an object with send(message) and onMessage(listener)");
}

/** Calls `listener` with the messages of the protocol alone. */
export function receiveWire(
  channel: MessageChannel,
  listener: (message: Wire) => void,
): () => void {
  let isOpen = true;
  const stop = channel.onMessage((message) => {
    if (isOpen && (message as Wire | null)?.bus === 1) listener(message as Wire);
  });
  return () => {
    isOpen = false;
    stop?.();
  };
}
