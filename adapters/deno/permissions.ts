/**
 * The calls that need a permission of Deno: refused without it, and never with a prompt (`granted.ts`).
 *
 * The modules of the Deno adapter call this.
 *
 * @module
 */

import { formatAddress, type ListenAddress } from "../../src/socket/mod.ts";
import { isGranted, type Permission } from "./granted.ts";

/** The permissions that Deno asks for before it reads `/proc`. */
const ALL: readonly string[] = ["read", "write", "net", "env", "run", "ffi", "sys"];

/** Whether this program has every permission, as with `--allow-all`. */
export function isAllGranted(): boolean {
  return ALL.every((name) => isGranted({ name } as Permission));
}

/** Whether this program may read all files; asked once, since a question takes about 10 us. */
let readsAll: boolean | undefined;

/**
 * Refuses to read a file without the permission.
 *
 * @param path The file.
 * @throws An error with the name `NotCapable`, as Deno's own.
 */
export function demandFile(path: string): void {
  readsAll ??= isGranted({ name: "read" });
  if (!readsAll) demand({ name: "read", path }, path);
}

/**
 * Refuses to use a Unix socket without its permissions.
 *
 * @param path The path of the socket.
 * @throws An error with the name `NotCapable`, as Deno's own, for the first permission that is missing.
 */
export function demandSocket(path: string): void {
  demand({ name: "read", path }, path);
  demand({ name: "write", path }, path);
  demand({ name: "net", host: `unix:${path}` }, path);
}

/**
 * Refuses to connect without the permission.
 *
 * @param address The peer: a path or a numeric host.
 * @throws An error with the name `NotCapable`, as Deno's own.
 */
export function demandPeer(address: ListenAddress): void {
  if ("path" in address) return demandSocket(address.path);
  const host = formatAddress(address);
  demand({ name: "net", host }, host);
}

function demand(wanted: Permission, target: string): void {
  if (isGranted(wanted)) return;
  const { name } = wanted;
  const advice = `run Deno with --allow-${name}`;
  const error = new Error(`Requires ${name} access to ${JSON.stringify(target)}: ${advice}`);
  error.name = "NotCapable";
  throw error;
}
