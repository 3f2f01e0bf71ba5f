/**
 * This file measures the rate of large answers. The client is ours, because `wrk` reads 8 KB at a
 * time and would be the bottleneck.
 *
 * @module
 */

import process from "node:process";
import { runClient } from "../processes/commands.ts";
import type { DownloadFigures, DownloadJob } from "./download_client.ts";
import type { Figures } from "./figures.ts";
import type { Trial } from "./trial.ts";

/** The time that the client may take beyond the time of the load. */
const SPARE_SECONDS = 20;

export async function measureDownload(trial: Trial): Promise<Figures> {
  const { server, workload, place, seconds } = trial;
  const { request, connections } = workload;
  const job: DownloadJob = { port: server.port, request, connections, seconds };
  const program = place.path("measure/download_client");
  const commandLine = [...place.pinning, process.execPath, program, JSON.stringify(job)];
  const before = await server.cpuTime();
  const loaded = await runClient<DownloadFigures>(commandLine, seconds + SPARE_SECONDS);
  const used = await server.cpuTime() - before;
  const megabytes = loaded.bytes / 1e6;
  return { rate: megabytes / loaded.seconds, cpuPerMegabyte: used / megabytes };
}
