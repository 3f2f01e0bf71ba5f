/**
 * This file measures thousands of idle connections: the memory of each, and, if they wait for a
 * signal, the time from the signal to the last answer.
 *
 * @module
 */

import process from "node:process";
import { POLL_PATHS } from "../workloads/content.ts";
import { awaitLine, endProcess, startProcess } from "../processes/commands.ts";
import { get } from "../workloads/requests.ts";
import type { ServerProcess } from "../processes/server_process.ts";
import type { CrowdJob } from "./crowd_client.ts";
import type { Figures } from "./figures.ts";
import type { Trial } from "./trial.ts";

const CROWD_MILLISECONDS = 60_000;

export async function measureCrowd(trial: Trial): Promise<Figures> {
  const { server, workload, place } = trial;
  // The server has answered once. More answers would leave free memory in the server, and the
  // connections would seem smaller.
  const before = await settledMemory(server);
  const waits = workload.kind === "suspended";
  const { request, connections } = workload;
  const job: CrowdJob = {
    port: server.port,
    request,
    connections,
    ...(waits && { countRequest: get(POLL_PATHS.waiting), signalRequest: get(POLL_PATHS.signal) }),
  };
  const program = place.path("measure/crowd_client");
  const commandLine = [...place.pinning, process.execPath, program, JSON.stringify(job)];
  const crowd = startProcess(commandLine);
  try {
    await awaitLine(crowd, /^ready$/m, undefined, CROWD_MILLISECONDS);
    const memory = (await settledMemory(server) - before) / connections / 1000;
    if (!waits) return { memory };
    const [, lastByte] = await awaitLine(crowd, /^answered ([\d.]+)$/m, "go", CROWD_MILLISECONDS);
    return { memory, lastByte: Number(lastByte) };
  } finally {
    await endProcess(crowd);
  }
}

const SETTLE_TURNS = 12;
const SETTLE_MILLISECONDS = 150;
/** The share of change below which memory counts as stable. */
const SETTLED = 0.003;

/**
 * Waits until the memory is stable, and returns it. Freed pages go back to the system little by
 * little.
 */
export async function settledMemory(server: ServerProcess): Promise<number> {
  let last = await server.memory();
  for (let turn = 0, still = 0; turn < SETTLE_TURNS && still < 2; turn++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MILLISECONDS));
    const next = await server.memory();
    still = Math.abs(next - last) < last * SETTLED ? still + 1 : 0;
    last = next;
  }
  return last;
}
