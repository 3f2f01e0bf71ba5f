/**
 * This file measures the cost of a request by the number of busy connections. The cost should stay
 * the same.
 *
 * @module
 */

import type { Runtime } from "../../tests/tools/runtimes.ts";
import type { Bench } from "../bench.ts";
import type { Contender } from "../contenders.ts";
import { launchOf } from "../processes/launch.ts";
import type { ClientPlace } from "../measure/trial.ts";
import { PLAIN } from "../workloads/requests.ts";
import { type ServerProcess, startServer } from "../processes/server_process.ts";

export const CONNECTION_COUNTS = [1, 10, 100, 1_000, 10_000] as const;

/**
 * The time to connect. Thousands of connections at once overflow the listen backlog, and try again
 * after 1 to 3 seconds.
 */
const CONNECT_SECONDS = 12;
/** The pause after connecting, until the work of connecting is done. */
const SETTLE_SECONDS = 0.5;
const POLL_SECONDS = 0.1;

export interface ConnectionSample {
  readonly runtime: string;
  readonly contender: string;
  readonly connections: number;
  /** The CPU microseconds of the server for a request. */
  readonly cpu: number;
  readonly requestsPerSecond: number;
}

/** Measures one server with every number of connections. */
export async function measureConnections(
  contender: Contender,
  runtime: Runtime,
  seconds: number,
  { servers, clients }: Bench,
): Promise<ConnectionSample[]> {
  const server = await startServer(await launchOf(contender, runtime, "hello", servers));
  const samples: ConnectionSample[] = [];
  try {
    await clients.load.run({ ...TARGET, port: server.port, connections: 64 }, 1);
    for (const connections of CONNECTION_COUNTS) {
      const figures = await measureCount(server, connections, seconds, clients);
      samples.push({ runtime: runtime.name, contender: contender.name, connections, ...figures });
    }
    return samples;
  } finally {
    await server.stop();
  }
}

const TARGET = { request: PLAIN, depth: 1 } as const;

async function measureCount(
  server: ServerProcess,
  connections: number,
  seconds: number,
  { load }: ClientPlace,
): Promise<Pick<ConnectionSample, "cpu" | "requestsPerSecond">> {
  const stop = new AbortController();
  const longest = CONNECT_SECONDS + SETTLE_SECONDS + seconds;
  const target = { ...TARGET, port: server.port, connections, mayFail: true };
  const loaded = load.run(target, longest, stop.signal);
  const deadline = performance.now() + CONNECT_SECONDS * 1000;
  while (server.descriptors() < connections && performance.now() < deadline) {
    await sleep(POLL_SECONDS);
  }
  await sleep(SETTLE_SECONDS);
  const [begin, before] = [performance.now(), await server.served()];
  await sleep(seconds);
  const [end, after] = [performance.now(), await server.served()];
  stop.abort();
  await loaded;
  const requests = after.requests - before.requests;
  return {
    cpu: (after.cpuTime - before.cpuTime) / requests,
    requestsPerSecond: requests / (end - begin) * 1000,
  };
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
