/**
 * What sends the requests: `wrk` where it is installed, else a small client of our own.
 *
 * @module
 */

import type { Workload } from "../workloads.ts";

export interface Target {
  readonly port: number;
  readonly workload: Workload;
}

export interface LoadFigures {
  readonly requests: number;
  readonly seconds: number;
}

export interface Load {
  /** For the report. */
  readonly name: string;
  /** Sends requests for about so long. Rejects when a connection or an answer fails. */
  run(target: Target, seconds: number): Promise<LoadFigures>;
}
