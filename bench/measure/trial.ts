/**
 * The measurement of one server, for each kind of workload.
 *
 * @module
 */

import type { Load } from "../load/load_generator.ts";
import type { ServerProcess } from "../processes/server_process.ts";
import type { Workload, WorkloadKind } from "../workloads/workloads.ts";
import { measureCrowd } from "./crowd.ts";
import { measureDownload } from "./download.ts";
import type { Figures } from "./figures.ts";

/** The client side of a measurement. */
export interface ClientPlace {
  readonly load: Load;
  /** The words before the command line of a client that pin it to a CPU. */
  readonly pinning: readonly string[];
  /** The compiled clients. */
  readonly path: (name: string) => string;
}

export interface Trial {
  readonly server: ServerProcess;
  readonly workload: Workload;
  readonly place: ClientPlace;
  /** The length of the load, for kinds of load that have one. */
  readonly seconds: number;
}

export interface Kind {
  /** Whether each measurement needs a new server process. */
  readonly fresh: boolean;
  measure(trial: Trial): Promise<Figures>;
}

export const KINDS: Readonly<Record<WorkloadKind, Kind>> = {
  load: { fresh: false, measure: measureLoad },
  download: { fresh: false, measure: measureDownload },
  idle: { fresh: true, measure: measureCrowd },
  suspended: { fresh: true, measure: measureCrowd },
};

async function measureLoad({ server, workload, place, seconds }: Trial): Promise<Figures> {
  const before = await server.cpuTime();
  const answered = await place.load.run({ ...workload, port: server.port }, seconds);
  const used = await server.cpuTime() - before;
  if (answered.requests === 0) throw new Error(`No answer came within ${seconds} s`);
  return {
    cpu: used / answered.requests,
    requestsPerSecond: answered.requests / answered.seconds,
    p50: answered.p50 / 1000,
    p99: answered.p99 / 1000,
    p999: answered.p999 / 1000,
  };
}
