/**
 * The adapter of a worker: it has the clock and the files of the runtime, and its listeners get the
 * connections that the supervisor has accepted.
 *
 * `worker.ts` makes one for each address.
 *
 * @module
 */

import type { AcceptedStream } from "../../../adapters/node.ts";
import { streamOpener } from "../../../adapters/node.ts";
import type { Adapter, Address } from "../../socket/mod.ts";

/** An adapter with one listener, and the function that brings its connections. */
export interface HandedAdapter {
  readonly adapter: Adapter;
  /** Takes a connection of the listener. */
  readonly take: (stream: AcceptedStream) => void;
}

/**
 * Makes the adapter for one address.
 *
 * @param runtime The adapter of the runtime.
 * @param address The address at which the supervisor listens.
 */
export function handedAdapter(runtime: Adapter, address: Address): HandedAdapter {
  let take = (stream: AcceptedStream): void => void stream.destroy();
  const listen: Adapter["listen"] = (_address, options, open) => {
    const openStream = streamOpener(address, options);
    take = (stream) => openStream(stream, open);
    return Promise.resolve({
      address,
      close: () => Promise.resolve(),
      ref() {},
      unref() {},
    });
  };
  return { adapter: { ...runtime, listen }, take: (stream) => take(stream) };
}
