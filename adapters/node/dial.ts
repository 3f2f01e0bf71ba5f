/**
 * Dialling by `net.connect`. Bun's can give up, which `Bun.connect` cannot: there, what nobody waits
 * for any more would keep its descriptor and the process until the system gives up, minutes later.
 *
 * @module
 */

import type { NetConnectOpts, Socket as Stream } from "node:net";
import { MAX_READ_AHEAD_BYTES } from "../../src/socket/mod.ts";
import type { DialOne } from "../shared/dialling.ts";
import { NodeSocket } from "./socket.ts";
import { pathsDialled } from "../shared/unix_paths.ts";

/** What is used of `node:net`. */
export interface NetModule {
  /** Begins to connect. */
  connect(options: NetConnectOpts): Stream;
}

/** How the streams are, accepted or dialled. */
export const STREAM: {
  readonly allowHalfOpen: boolean;
  readonly noDelay: boolean;
  readonly highWaterMark: number;
} = { allowHalfOpen: true, noDelay: true, highWaterMark: MAX_READ_AHEAD_BYTES };

/**
 * Dials by `net.connect`.
 *
 * @param net Gives the module, when it is first needed.
 * @param log Where a handler's error goes.
 * @returns What dials one address.
 */
export function netDial(net: () => NetModule, log: (line: string) => void): DialOne {
  return (address, accept, signal) =>
    new Promise((resolve, reject) => {
      const stream = net().connect({ ...address, ...STREAM });
      const giveUp = () => {
        stream.destroy();
        reject(signal.reason);
      };
      signal.addEventListener("abort", giveUp);
      stream.once("error", reject);
      stream.once("connect", () => {
        signal.removeEventListener("abort", giveUp);
        stream.off("error", reject);
        new NodeSocket(stream, undefined, pathsDialled(address), log).open(accept);
        resolve();
      });
    });
}
