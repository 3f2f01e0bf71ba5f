/**
 * The measurement of one server, for each kind of workload.
 *
 * @module
 */

import type { WorkloadKind } from "../workloads/workloads.ts";
import { measureCrowd } from "./crowd.ts";
import { measureDownload } from "./download.ts";
import type { Figures } from "./figures.ts";
import type { Trial } from "./trial.ts";

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
