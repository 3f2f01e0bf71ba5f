/**
 * Binds a `net.Server` to the path of a Unix socket.
 *
 * `listen.ts` imports this for the first path, because most servers bind a port.
 *
 * @module
 */

import { accessSync, constants, lstatSync, renameSync, unlinkSync } from "node:fs";
import * as net from "node:net";
import { dirname } from "node:path";
import type { ListenTarget } from "../../src/socket/mod.ts";
import type { OwnSocketFile } from "../shared/own_socket_file.ts";
import { bindOverStale, ownFileOf, type SocketFiles } from "../shared/stale_socket_file.ts";
import { codeOf } from "../shared/system_error.ts";

/** An address that is a path. */
type PathAddress = Extract<ListenTarget, { readonly path: string }>;

/**
 * Binds a path, and replaces the socket file of a crashed process if necessary.
 *
 * @param address The path.
 * @param bind Binds the server to the path.
 * @returns The file of the listener.
 * @throws The error of the system.
 */
export async function bindPath(
  address: PathAddress,
  bind: () => Promise<void>,
): Promise<OwnSocketFile | undefined> {
  const makeFile = await ownFileOf(address, { lstatSync, renameSync });
  const bindOnce = () => bind().catch((error) => Promise.reject(bindError(error, address)));
  await bindOverStale(address, bindOnce, socketFiles);
  return makeFile?.();
}

/** Corrects the code for a folder that does not exist: libuv reports `EACCES` for it. */
function bindError(error: Error, { path }: PathAddress): Error {
  if (codeOf(error) !== "EACCES") return error;
  let code: string | undefined = "ENOENT";
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (reason) {
    code = codeOf(reason);
  }
  if (code === "EACCES" || code === undefined) return error;
  return Object.assign(new Error(`listen ${code} ${path}`, { cause: error }), { code });
}

const socketFiles: SocketFiles = {
  isInUse: (error) => codeOf(error) === "EADDRINUSE",
  isSocket: (path) => lstatSync(path).isSocket(),
  isRefused: (path) =>
    new Promise((resolve) => {
      const probe = net.connect(path);
      const answer = (refused: boolean) => {
        probe.destroy();
        resolve(refused);
      };
      probe.once("connect", () => answer(false));
      probe.once("error", (error) => answer(codeOf(error) === "ECONNREFUSED"));
    }),
  remove: unlinkSync,
};
