/**
 * This file prepares a run of any kind: it picks the load generator and the CPUs, and compiles the
 * programs.
 *
 * Every mode of the benchmark calls it.
 *
 * @module
 */

import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { compilePrograms, temporaryDirectory } from "./processes/compile.ts";
import { DOWNLOAD_BLOCKS, downloadBlock } from "./workloads/content.ts";
import type { ServerPlace } from "./processes/launch.ts";
import { chooseLoad } from "./load/choose.ts";
import type { ClientPlace } from "./measure/trial.ts";
import type { Options } from "./options.ts";
import { choosePinning } from "./processes/pinning.ts";

export interface Bench {
  readonly servers: ServerPlace;
  readonly clients: ClientPlace;
  /** Whether server and client have a CPU each. */
  readonly pinned: boolean;
}

/** Prepares a run. Warnings about the machine go to standard error. */
export async function prepareBench(options: Options): Promise<Bench> {
  const path = await compilePrograms();
  const directory = temporaryDirectory();
  const pinning = choosePinning();
  const load = chooseLoad(options.load, {
    pinning: pinning.client,
    clientProgram: path("load/net_client"),
    directory,
  });
  if (load.name !== "wrk") {
    console.error("Load from our own client; install wrk (apt, brew, ...) for better figures.");
  }
  return {
    servers: { pinning: pinning.server, path, directory, file: () => downloadFile(directory) },
    clients: { load, pinning: pinning.client, path },
    pinned: pinning.server.length > 0,
  };
}

/** Makes the file on the first call; returns its path. */
function downloadFile(directory: string): string {
  const path = join(directory, "download.bin");
  if (existsSync(path)) return path;
  const file = openSync(path, "w");
  const block = downloadBlock();
  for (let count = 0; count < DOWNLOAD_BLOCKS.download100m; count++) writeSync(file, block);
  closeSync(file);
  return path;
}
