/** Picks what sends the requests. */

import { spawnSync } from "node:child_process";
import type { Load } from "./load_generator.ts";
import { netLoad } from "./net_load.ts";
import { wrkLoad } from "./wrk.ts";

export const LOAD_NAMES = ["wrk", "net"] as const;
export type LoadName = typeof LOAD_NAMES[number];

export interface LoadPlace {
  /** What to put before the command line of the client. */
  readonly pinning: readonly string[];
  /** The compiled client, for `net`. */
  readonly clientProgram: string;
  /** For what a client has to read. */
  readonly directory: string;
}

/** @param asked `undefined`: the best that is there. */
export function chooseLoad(asked: LoadName | undefined, place: LoadPlace): Load {
  const { pinning, clientProgram, directory } = place;
  const name = asked ?? (hasWrk() ? "wrk" : "net");
  if (name === "wrk") return wrkLoad(pinning, directory);
  return netLoad(pinning, clientProgram, directory);
}

/** It has no option that ends with 0. */
function hasWrk(): boolean {
  const { error, stdout } = spawnSync("wrk", ["--version"], { encoding: "utf8" });
  return error === undefined && stdout.startsWith("wrk ");
}
