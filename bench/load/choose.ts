/** Picks what sends the requests. */

import { spawnSync } from "node:child_process";
import type { Load } from "./load.ts";
import { netLoad } from "./net_load.ts";
import { wrkLoad } from "./wrk.ts";

export const LOAD_NAMES = ["wrk", "net"] as const;
export type LoadName = typeof LOAD_NAMES[number];

/**
 * @param asked `undefined`: the best that is there.
 * @param pinning What to put before the command line of the client.
 * @param clientProgram The compiled client, for `net`.
 */
export function chooseLoad(
  asked: LoadName | undefined,
  pinning: readonly string[],
  clientProgram: string,
): Load {
  const name = asked ?? (hasWrk() ? "wrk" : "net");
  return name === "wrk" ? wrkLoad(pinning) : netLoad(pinning, clientProgram);
}

/** It has no option that ends with 0. */
function hasWrk(): boolean {
  const { error, stdout } = spawnSync("wrk", ["--version"], { encoding: "utf8" });
  return error === undefined && stdout.startsWith("wrk ");
}
