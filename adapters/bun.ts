/**
 * The adapter for Bun: sockets of `Bun.listen` behind the engine's socket interface, and
 * `net.connect` for dialling.
 *
 * Bun offers sockets that push their bytes to shared callbacks, reset connections, and have TLS. It
 * has Unix sockets, and files by `node:fs`.
 *
 * The traps: `write` buffers nothing and returns the number of bytes that the kernel took. `end`
 * closes instead of half-closing, and drops bytes that the socket has already taken, so our FIN is
 * a `shutdown` after the last byte. Under TLS, `end` waits for the peer. `Bun.connect` cannot be
 * cancelled. The backlog is always 512.
 *
 * - `bun/listen.ts`: listeners, and socket files of crashed processes
 * - `bun/socket.ts`: one accepted connection
 * - `bun/runtime.ts`: the types of Bun's own interface
 * - `bun/dial.ts`, `node/dial.ts` and `node/socket.ts`: dialled connections
 *
 * @module
 */

import type { DiallingAdapter } from "../src/socket/mod.ts";
import { listenOnOne } from "./bun/listen.ts";
import { bufferEquals, builtinBufferMethods } from "./shared/buffer_methods.ts";
import { builtinModule } from "./shared/builtin_module.ts";
import { descriptorRoom } from "./shared/descriptor_room.ts";
import { logError } from "./shared/error_log.ts";
import { listenWith } from "./shared/every_address.ts";
import { hostClock } from "./shared/host_clock.ts";
import { builtinNames } from "./shared/name_lookup.ts";
import { builtinFiles } from "./shared/system_files.ts";

export type { DiallingAdapter };

const adapter: DiallingAdapter = {
  name: "bun",
  clock: hostClock((turn) => void setImmediate(turn)),
  latin1: (bytes, start, end) => builtinBufferMethods().latin1Slice.call(bytes, start, end),
  equals: bufferEquals(builtinBufferMethods),
  hostName: () => builtinModule<{ hostname(): string }>("node:os").hostname(),
  log: logError,
  files: builtinFiles,
  takeDescriptor: descriptorRoom(() => builtinModule("node:fs")),
  listen: listenWith(listenOnOne, builtinNames),
  dial: async (...call) => await (await import("./bun/dial.ts")).dial(...call),
};

/**
 * Gives the adapter for Bun.
 *
 * A Unix socket file that a crashed process left behind is replaced. If another process answers there,
 * `listen` rejects.
 *
 * @returns The adapter, the same for each call. Under another runtime, its `listen` and `dial` reject.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bunAdapter } from "@x/cogen-wsgi/adapters/bun";
 *
 * assertEquals(bunAdapter().name, "bun");
 * ```
 */
export function bunAdapter(): DiallingAdapter {
  return adapter;
}
