/**
 * What a request costs by the number of connections that send: it should stay the same.
 *
 * @module
 */

import type { Runtime } from "../../tests/support/runtimes.ts";
import type { Bench } from "../bench.ts";
import type { Contender } from "../contenders.ts";
import { launchOf } from "../launch.ts";
import { PLAIN } from "../requests.ts";
import { startServer } from "../server_process.ts";

export const CONNECTION_COUNTS = [1, 10, 100, 1_000, 10_000] as const;

/** Until all are connected: thousands that come at once overflow the listen backlog, and try again. */
const SETTLE_SECONDS = 0.6;
const SETTLE_SECONDS_A_THOUSAND = 0.35;

export interface ConnectionSample {
  readonly runtime: string;
  readonly contender: string;
  readonly connections: number;
  /** Server CPU microseconds. */
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
    await clients.load.run({ port: server.port, request: PLAIN, depth: 1, connections: 64 }, 1);
    for (const connections of CONNECTION_COUNTS) {
      const settling = SETTLE_SECONDS + SETTLE_SECONDS_A_THOUSAND * connections / 1000;
      const target = { port: server.port, request: PLAIN, depth: 1, connections };
      const load = clients.load.run(target, settling + seconds + 0.3);
      await sleep(settling);
      const [begin, before] = [performance.now(), await server.served()];
      await sleep(seconds);
      const [end, after] = [performance.now(), await server.served()];
      await load;
      const requests = after.requests - before.requests;
      samples.push({
        runtime: runtime.name,
        contender: contender.name,
        connections,
        cpu: (after.cpuTime - before.cpuTime) / requests,
        requestsPerSecond: requests / (end - begin) * 1000,
      });
    }
    return samples;
  } finally {
    await server.stop();
  }
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
