/**
 * One end of the channel of the bus between the supervisor and a worker.
 *
 * The messages of one direction keep their order. `worker.ts` and `supervised_worker.ts` call this.
 *
 * @module
 */

import type { MessageChannel } from "../../bus/mod.ts";

/** A channel, and the function that takes its incoming messages. */
export interface BusChannel {
  readonly channel: MessageChannel;
  readonly receive: (message: unknown) => void;
}

/**
 * Makes one end.
 *
 * @param post Sends a message to the other end.
 */
export function busChannel(post: (message: unknown) => void): BusChannel {
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
