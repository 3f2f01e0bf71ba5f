/**
 * The adapter for Node, made of the files of this folder.
 *
 * `node.ts` has its name in public, and `mod.ts` imports this file, without the parts for several processes.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as dns from "node:dns";
import * as fs from "node:fs";
import * as files from "node:fs/promises";
import { hostname } from "node:os";
import type { DiallingAdapter } from "../../src/socket/mod.ts";
import { listenOnOne } from "./listen.ts";
import { bufferEquals, type BufferMethods } from "../shared/buffer_methods.ts";
import { descriptorRoom } from "../shared/descriptor_room.ts";
import { logError } from "../shared/error_log.ts";
import { listenWith } from "../shared/every_address.ts";
import { hostClock } from "../shared/host_clock.ts";
import { systemFiles } from "../shared/system_files.ts";

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
  takeDescriptor: descriptorRoom(() => fs),
  listen: listenWith(listenOnOne, () => dns),
  dial: async (...call) => await (await import("./dial.ts")).dial(...call),
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
