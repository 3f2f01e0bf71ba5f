/**
 * This file measures the effect of slow clients on the others: the latency of hello without and
 * with them.
 *
 * @module
 */

import process from "node:process";
import type { Runtime } from "../../tests/tools/runtimes.ts";
import type { Bench } from "../bench.ts";
import { DOWNLOAD_PATH } from "../workloads/content.ts";
import type { Contender } from "../contenders.ts";
import { launchOf } from "../processes/launch.ts";
import type { LoadFigures } from "../load/load_generator.ts";
import { awaitLine, endProcess, startProcess } from "../processes/commands.ts";
import { get, PLAIN } from "../workloads/requests.ts";
import { type ServerProcess, startServer } from "../processes/server_process.ts";
import type { SlowJob } from "./slow_client.ts";

export const SLOW_READERS = 50;
export const SLOW_SENDERS = 50;

export interface SlowSample {
  readonly runtime: string;
  readonly contender: string;
  readonly alone: LoadFigures;
  readonly beside: LoadFigures;
}

export async function measureSlowClients(
  contender: Contender,
  runtime: Runtime,
  seconds: number,
  bench: Bench,
): Promise<SlowSample> {
  const { servers, clients } = bench;
  const server = await startServer(await launchOf(contender, runtime, "mixed", servers));
  // With few connections the server is not always busy, and the latency is not a queue of the client's.
  const target = { port: server.port, request: PLAIN, depth: 1, connections: 8 };
  try {
    await clients.load.run({ ...target, connections: 64 }, 1);
    const alone = await clients.load.run(target, seconds);
    const slow = await startSlowClients(server, bench);
    const beside = await clients.load.run(target, seconds);
    await endProcess(slow);
    return { runtime: runtime.name, contender: contender.name, alone, beside };
  } finally {
    await server.stop();
  }
}

async function startSlowClients({ port }: ServerProcess, { clients }: Bench) {
  const job: SlowJob = {
    port,
    readers: SLOW_READERS,
    senders: SLOW_SENDERS,
    downloadRequest: get(DOWNLOAD_PATH, "Accept: */*"),
    endlessHead: PLAIN.replace("\r\n\r\n", "\r\nX-Slow: "),
  };
  const program = clients.path("scaling/slow_client");
  const slow = startProcess([
    ...clients.pinning,
    ...[process.execPath, program, JSON.stringify(job)],
  ]);
  await awaitLine(slow, /^ready$/m);
  return slow;
}
