/**
 * Dials with `Deno.connect`.
 *
 * `deno.ts` imports this at the first call of its `dial`.
 *
 * @module
 */

import type { DiallingAdapter, ListenAddress, OpenHandler } from "../../src/socket/mod.ts";
import { dialler } from "../shared/dialling.ts";
import { pathsDialled } from "../shared/end_address.ts";
import { builtinNames } from "../shared/name_lookup.ts";
import { demandPeer } from "./permissions.ts";
import { deno } from "./runtime.ts";
import { DenoSocket } from "./socket.ts";

async function dialOne(
  address: ListenAddress,
  open: OpenHandler,
  signal: AbortSignal,
): Promise<void> {
  demandPeer(address);
  const where = "path" in address
    ? { transport: "unix", path: address.path }
    : { hostname: address.host, port: address.port };
  const conn = await deno().connect({ ...where, signal });
  new DenoSocket(conn, pathsDialled(address)).open(open, undefined);
}

/** The `dial` of the adapter for Deno. */
export const dial: DiallingAdapter["dial"] = dialler(dialOne, builtinNames);
