/**
 * The adapter for Node: sockets of `node:net` and `node:tls` behind the engine's socket interface.
 *
 * Node offers streams that push their bytes, buffer writes, and reset connections. It has TLS, Unix
 * sockets, and files.
 *
 * The traps: a paused stream does not report the peer's FIN, so a paused socket reads a little
 * ahead (`Inbound`) and then probes with empty writes. The `end` of a stream half-closes only with
 * `allowHalfOpen`. Each read through a stream allocates 64 KB, so sockets without TLS do not read
 * through the stream.
 *
 * The adapter keeps the contract under Bun, too. Under Deno it has the gaps that
 * `tests/contract/node_test.ts` names, and TLS takes a reset for a FIN.
 *
 * - `node/listen.ts`: listeners, and socket files of crashed processes
 * - `node/accepted.ts`: connections that one process accepts and another one serves
 * - `node/dial.ts`: outgoing connections; the Bun adapter uses them, too
 * - `node/socket.ts`: one connection
 * - `node/reads.ts`: reads into one shared buffer
 * - `node/tls.ts`: encryption
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as dns from "node:dns";
import * as files from "node:fs/promises";
import * as net from "node:net";
import { hostname } from "node:os";
import type { DiallingAdapter } from "../src/socket/mod.ts";
import { netDial } from "./node/dial.ts";
import { listenOnOne } from "./node/listen.ts";
import { bufferEquals, type BufferMethods } from "./shared/buffer_methods.ts";
import { dialler } from "./shared/dialling.ts";
import { logError } from "./shared/error_log.ts";
import { listenWith } from "./shared/every_address.ts";
import { hostClock } from "./shared/host_clock.ts";
import { systemFiles } from "./shared/system_files.ts";

export { type AcceptedStream, acceptStreams, streamOpener } from "./node/accepted.ts";
export type { DiallingAdapter };

const bufferMethods = Buffer.prototype as unknown as BufferMethods;
const { latin1Slice } = bufferMethods;

const adapter: DiallingAdapter = {
  name: "node",
  clock: hostClock((turn) => void setImmediate(turn)),
  latin1: (bytes, start, end) => latin1Slice.call(bytes, start, end),
  equals: bufferEquals(() => bufferMethods),
  hostName: hostname,
  log: logError,
  files: systemFiles(() => files),
  listen: listenWith(listenOnOne, () => dns),
  dial: dialler(netDial(() => net), () => dns),
};

/**
 * Gives the adapter for Node.
 *
 * A Unix socket file that a crashed process left behind is replaced. If another process answers there,
 * `listen` rejects.
 *
 * @returns The adapter, the same for each call.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nodeAdapter } from "@x/cogen-wsgi/adapters/node";
 *
 * const adapter = nodeAdapter();
 * assertEquals(adapter.name, "node");
 * assertEquals(adapter.latin1(new Uint8Array([0x48, 0x69, 0x80]), 0, 3), "Hi\x80");
 * ```
 */
export function nodeAdapter(): DiallingAdapter {
  return adapter;
}
