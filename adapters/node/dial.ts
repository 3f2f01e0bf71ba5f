/**
 * Dials with `net.connect`.
 *
 * The trap: `Bun.connect` cannot be cancelled. An abandoned attempt would hold its descriptor, and
 * keep the process running, until the TCP timeout minutes later. So the Bun adapter dials with
 * `node:net`, too.
 *
 * `node/adapter.ts` imports this at the first call of its `dial`, and so does `bun/dial.ts`.
 *
 * @module
 */

import * as dns from "node:dns";
import { connect } from "node:net";
import type { DiallingAdapter } from "../../src/socket/mod.ts";
import { dialler, type DialOne } from "../shared/dialling.ts";
import { pathsDialled } from "../shared/end_address.ts";
import { NodeSocket, STREAM_OPTIONS } from "./socket.ts";

/**
 * Dials one address. The promise rejects with the error of the system, or with the reason of the signal.
 */
export const dialByNet: DialOne = (address, open, signal) =>
  new Promise((resolve, reject) => {
    const stream = connect({ ...address, ...STREAM_OPTIONS });
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

/** The `dial` of the adapter for Node. */
export const dial: DiallingAdapter["dial"] = dialler(dialByNet, () => dns);
