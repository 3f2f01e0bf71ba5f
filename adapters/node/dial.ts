/**
 * Dials with `net.connect`.
 *
 * The trap: `Bun.connect` cannot be cancelled. An abandoned attempt would hold its descriptor, and
 * keep the process running, until the TCP timeout minutes later. So the Bun adapter dials with
 * `node:net`, too.
 *
 * `node.ts` and `bun.ts` call this.
 *
 * @module
 */

import type { NetConnectOpts, Socket as Stream } from "node:net";
import { MAX_READ_AHEAD_BYTES } from "../../src/socket/mod.ts";
import type { DialOne } from "../shared/dialling.ts";
import { pathsDialled } from "../shared/end_address.ts";
import { NodeSocket } from "./socket.ts";

/** The function of `node:net` that is used. */
export interface NetModule {
  /** Begins to connect. */
  connect(options: NetConnectOpts): Stream;
}

/** The options of every stream, accepted or dialled. */
export const STREAM_OPTIONS: {
  readonly allowHalfOpen: boolean;
  readonly noDelay: boolean;
  readonly highWaterMark: number;
} = { allowHalfOpen: true, noDelay: true, highWaterMark: MAX_READ_AHEAD_BYTES };

/**
 * Makes the function that dials one address.
 *
 * @param net Returns the module. It is called for each connection.
 * @returns The function. Its promise rejects with the error of the system, or the reason of the signal.
 */
export function netDial(net: () => NetModule): DialOne {
  return (address, open, signal) =>
    new Promise((resolve, reject) => {
      const stream = net().connect({ ...address, ...STREAM_OPTIONS });
      const abort = () => {
        stream.destroy();
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort);
      stream.once("error", reject);
      stream.once("connect", () => {
        signal.removeEventListener("abort", abort);
        stream.off("error", reject);
        new NodeSocket(stream, undefined, pathsDialled(address)).open(open);
        resolve();
      });
    });
}
