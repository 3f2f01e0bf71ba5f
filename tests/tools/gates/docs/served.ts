/**
 * The module that examples import in the place of `mod.ts`: `serve` takes a free port, and the runner
 * of the examples learns of each server.
 *
 * `write_examples.ts` writes the address of this file into the examples.
 *
 * @module
 */

import { serve as serveOnPort, type ServeOptions, type WSGIServer } from "../../../../mod.ts";

export * from "../../../../mod.ts";

/** A server that an example has started. */
export interface ServedApp {
  readonly server: WSGIServer;
  readonly options: ServeOptions;
}

/** The servers of the current example. The runner empties the list. */
export const served: ServedApp[] = [];

/** Called when an example waits for the end of a server, which the runner then shuts down. */
export const endListener: { onWait: () => void } = { onWait: () => {} };

/** Serves on a free port. The rest is `serve` of the package. */
export async function serve(options: ServeOptions): Promise<WSGIServer> {
  const server = await serveOnPort(onFreePort(options));
  const { finished } = server;
  Object.defineProperty(server, "finished", {
    get() {
      endListener.onWait();
      return finished;
    },
  });
  served.push({ server, options });
  return server;
}

/** Options that are wrong stay, so that an example may show their error. */
function onFreePort(options: ServeOptions): ServeOptions {
  const { bindAddr } = options;
  if (bindAddr === undefined) return { ...options, bindAddr: ["127.0.0.1", 0] };
  const isPort = Array.isArray(bindAddr) && Number.isInteger(bindAddr[1]);
  return isPort ? { ...options, bindAddr: [bindAddr[0] as string, 0] } : options;
}
