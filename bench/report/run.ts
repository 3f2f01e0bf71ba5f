/**
 * This file describes the machine, the versions and the method of a run.
 *
 * @module
 */

import { cpus, loadavg } from "node:os";

export interface RunDescription {
  /** The time of the run, as ISO 8601. */
  readonly date: string;
  readonly cpu: string;
  readonly load: string;
  /** Whether server and client had a CPU each. */
  readonly pinned: boolean;
  readonly rounds: number;
  readonly seconds: number;
  /** The load average of the machine in the last five minutes of the run. */
  readonly loadAverage: number;
  /** The length of the run, in seconds. */
  readonly took: number;
  /** The versions of the runtimes and of the foreign servers. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Gives the number and the model of the CPUs. */
export function describeCpu(): string {
  const all = cpus();
  return `${all.length} x ${all[0]?.model.trim() ?? "unknown"}`;
}

/** Describes the method of a run, in a sentence or two. */
export function describeMethod(run: RunDescription): string {
  const { cpu, load, pinned, rounds, seconds } = run;
  const place = pinned ? "server and client on a CPU each" : "server and client not pinned";
  const versions = Object.entries(run.versions).map((entry) => entry.join(" ")).join(", ");
  return `Up to ${rounds} rounds of ${seconds} s after warming up, load from ${load}, ${place} (${cpu}; ` +
    `${versions}). CPU is the server's, user and system; medians (min-max). ` +
    `The load average was ${run.loadAverage.toFixed(1)}. All of it took ${Math.round(run.took)} s.`;
}

/** Describes a run that ends now. */
export function describeRun(
  options: { readonly rounds: number; readonly seconds: number },
  bench: {
    readonly clients: { readonly load: { readonly name: string } };
    readonly pinned: boolean;
  },
  versions: RunDescription["versions"],
): RunDescription {
  return {
    date: new Date().toISOString(),
    cpu: describeCpu(),
    load: bench.clients.load.name,
    pinned: bench.pinned,
    rounds: options.rounds,
    seconds: options.seconds,
    loadAverage: loadavg()[1] as number,
    took: performance.now() / 1000,
    versions,
  };
}
