/**
 * This file picks the load generator.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import type { Load } from "./load_generator.ts";
import { netLoad } from "./net_load.ts";
import { wrkLoad } from "./wrk.ts";

export const LOAD_NAMES = ["wrk", "net"] as const;
export type LoadName = typeof LOAD_NAMES[number];

export interface LoadPlace {
  /** The words before the command line of the client that pin it to a CPU. */
  readonly pinning: readonly string[];
  /** The compiled client, for `net`. */
  readonly clientProgram: string;
  /** The directory for files that a client reads. */
  readonly directory: string;
}

/** @param asked The generator to use; `undefined` picks the best one that is installed. */
export function chooseLoad(asked: LoadName | undefined, place: LoadPlace): Load {
  const { pinning, clientProgram, directory } = place;
  const name = asked ?? (hasWrk() ? "wrk" : "net");
  if (name === "wrk") return wrkLoad(pinning, directory);
  return netLoad(pinning, clientProgram, directory);
}

/**
 * Whether wrk is installed. With every option wrk ends with another code than 0, so the exit code
 * is of no use.
 */
function hasWrk(): boolean {
  const { error, stdout } = spawnSync("wrk", ["--version"], { encoding: "utf8" });
  return error === undefined && stdout.startsWith("wrk ");
}
