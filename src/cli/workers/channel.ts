/**
 * The side of a worker of the channel to its supervisor, for the bus.
 *
 * The messages of one direction keep their order.
 *
 * @module
 */

import type { MessageChannel } from "../../bus/mod.ts";

/** A channel, and the function that takes its incoming messages. */
export interface WorkerChannel {
  readonly channel: MessageChannel;
  readonly receive: (message: unknown) => void;
}

/**
 * Makes the channel of a worker.
 *
 * @param post Sends a message to the supervisor.
 */
export function workerChannel(post: (message: unknown) => void): WorkerChannel {
  let hear = (_message: unknown): void => {};
  return {
    channel: {
      send: post,
      onMessage(listener) {
        hear = listener;
        return () => hear = () => {};
      },
    },
    receive: (message) => hear(message),
  };
}
