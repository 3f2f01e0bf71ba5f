/**
 * The adapter for Deno: sockets of `Deno.listen` and `Deno.connect` behind the engine's socket
 * interface.
 *
 * Deno's connections are read and written with promises. Deno has TLS for TCP, Unix sockets, and
 * files through `node:fs`.
 *
 * The traps: Deno only notices that the peer has left while a read or write is outstanding, so one
 * read is always outstanding. Deno cannot reset a connection, and cannot cancel a TLS handshake. It
 * has no TLS on Unix sockets, takes no encrypted keys, and leaves the file of a closed Unix
 * listener behind. Its event loop polls rarely while it is busy with turns.
 *
 * - `deno/listen.ts`: listeners, and socket files of crashed processes
 * - `deno/dial.ts`: outgoing connections
 * - `deno/socket.ts`: one connection
 * - `deno/clock.ts` and `deno/poll.ts`: turns, and polling between them
 * - `deno/granted.ts` and `deno/permissions.ts`: permissions, read without a prompt
 * - `deno/runtime.ts`: the types of Deno's own interface
 *
 * @module
 */

import type { DiallingAdapter, Files } from "../src/socket/mod.ts";
import { denoClock } from "./deno/clock.ts";
import { isGranted } from "./deno/granted.ts";
import { listenOnOne } from "./deno/listen.ts";
import { demandFile, isAllGranted } from "./deno/permissions.ts";
import { deno } from "./deno/runtime.ts";
import { bufferEquals, builtinBufferMethods } from "./shared/buffer_methods.ts";
import { builtinModule } from "./shared/builtin_module.ts";
import { descriptorRoom } from "./shared/descriptor_room.ts";
import { logError } from "./shared/error_log.ts";
import { listenWith } from "./shared/every_address.ts";
import { builtinNames } from "./shared/name_lookup.ts";
import { builtinFiles, positionPath } from "./shared/system_files.ts";

export type { DiallingAdapter };

/**
 * Gives the host name; `localhost` without `--allow-sys`, a permission that a server needs for no
 * other purpose.
 */
function hostName(): string {
  return isGranted({ name: "sys", kind: "hostname" }) ? deno().hostname() : "localhost";
}

const files: Files = {
  async open(path) {
    demandFile(path);
    return await builtinFiles.open(path);
  },
  async realPath(path) {
    demandFile(path);
    return await builtinFiles.realPath(path);
  },
  async position(descriptor) {
    if (!isGranted({ name: "read", path: positionPath(descriptor) })) return undefined;
    return await builtinFiles.position?.(descriptor);
  },
};

const adapter: DiallingAdapter = {
  name: "deno",
  clock: denoClock,
  latin1: (bytes, start, end) => builtinBufferMethods().latin1Slice.call(bytes, start, end),
  equals: bufferEquals(builtinBufferMethods),
  hostName,
  log: logError,
  files,
  takeDescriptor: descriptorRoom(() => isAllGranted() ? builtinModule("node:fs") : undefined),
  listen: listenWith(listenOnOne, builtinNames),
  dial: async (...call) => await (await import("./deno/dial.ts")).dial(...call),
};

/**
 * Gives the adapter for Deno.
 *
 * A Unix socket file that a crashed process left behind is replaced. If another process answers there,
 * `listen` rejects.
 *
 * @returns The adapter, the same for each call. Under another runtime, its `listen` and `dial` reject.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { denoAdapter } from "@x/cogen-wsgi/adapters/deno";
 *
 * const adapter = denoAdapter();
 * assertEquals(adapter.name, "deno");
 * assertEquals(adapter.latin1(new Uint8Array([0x48, 0x69, 0x80]), 0, 3), "Hi\x80");
 * ```
 */
export function denoAdapter(): DiallingAdapter {
  return adapter;
}
