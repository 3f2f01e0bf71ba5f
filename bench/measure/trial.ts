/**
 * One measurement: its server, its workload and its clients.
 *
 * The files of this folder that measure take a trial, and `kinds.ts` chooses the file.
 *
 * @module
 */

import type { Load } from "../load/load_generator.ts";
import type { ServerProcess } from "../processes/server_process.ts";
import type { Workload } from "../workloads/workloads.ts";

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
