/**
 * This file runs our own client as a separate program, so that it can be pinned. The client may
 * take more CPU than a fast server, and then the server idles. So its figures are less comparable
 * than those of `wrk`.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runClient } from "../processes/commands.ts";
import type { Load, LoadFigures } from "./load_generator.ts";
import type { NetJob } from "./net_client.ts";

/** The time that the client may take beyond the time of the load. */
const SPARE_SECONDS = 10;

/**
 * @param program The compiled client.
 * @param directory The directory for the file with the requests, as 1 MB is too much for a command
 *   line.
 */
export function netLoad(pinning: readonly string[], program: string, directory: string): Load {
  const file = join(directory, "request.bin");
  return {
    name: "own client",
    run({ port, connections, request, depth, mayFail = false }, seconds) {
      writeFileSync(file, request.repeat(depth), "latin1");
      const job: NetJob = { port, connections, file, depth, seconds, mayFail };
      const commandLine = [...pinning, process.execPath, program, JSON.stringify(job)];
      return runClient<LoadFigures>(commandLine, seconds + SPARE_SECONDS);
    },
  };
}
