/**
 * The figures that are measured: one sample for each contender, workload and round.
 *
 * @module
 */

import type { RuntimeName } from "../../tests/tools/runtimes.ts";
import type { WorkloadKind } from "../workloads/workloads.ts";

/** All figures. Each kind of workload gives some of them. */
export const FIGURES = {
  cpu: { title: "CPU us/request", digits: 2, better: "less" },
  requestsPerSecond: { title: "requests/s", digits: 0, better: "more" },
  p50: { title: "p50 ms", digits: 2, better: "less" },
  p99: { title: "p99 ms", digits: 2, better: "less" },
  p999: { title: "p99.9 ms", digits: 2, better: "less" },
  rate: { title: "MB/s", digits: 0, better: "more" },
  cpuPerMegabyte: { title: "CPU us/MB", digits: 0, better: "less" },
  memory: { title: "KB each", digits: 2, better: "less" },
  lastByte: { title: "last byte ms", digits: 0, better: "less" },
} as const;

export type FigureName = keyof typeof FIGURES;
export type Figures = Readonly<Partial<Record<FigureName, number>>>;

export const FIGURE_NAMES: readonly FigureName[] = Object.keys(FIGURES) as FigureName[];

/** The figure that contenders are compared by. */
export const MAIN_FIGURE: Readonly<Record<WorkloadKind, FigureName>> = {
  load: "cpu",
  download: "rate",
  idle: "memory",
  suspended: "memory",
};

export interface Sample {
  readonly workload: string;
  readonly runtime: RuntimeName;
  readonly contender: string;
  readonly round: number;
  readonly figures: Figures;
}
