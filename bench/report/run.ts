/**
 * How the figures of a run came about.
 *
 * @module
 */

import { cpus } from "node:os";

export interface RunDescription {
  /** When it was made, ISO 8601. */
  readonly date: string;
  readonly cpu: string;
  readonly load: string;
  /** Whether server and client had a CPU each. */
  readonly pinned: boolean;
  readonly rounds: number;
  readonly seconds: number;
  /** How long all of it took, in seconds. */
  readonly took: number;
  /** Of the runtimes, and of servers that come with none. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A name for this machine's kind of CPU. */
export function describeCpu(): string {
  const all = cpus();
  return `${all.length} x ${all[0]?.model.trim() ?? "unknown"}`;
}

/** How the figures came about, in a sentence or two. */
export function describeMethod(run: RunDescription): string {
  const { cpu, load, pinned, rounds, seconds } = run;
  const place = pinned ? "server and client on a CPU each" : "server and client not pinned";
  const versions = Object.entries(run.versions).map((entry) => entry.join(" ")).join(", ");
  return `Up to ${rounds} rounds of ${seconds} s after warming up, load from ${load}, ${place} (${cpu}; ` +
    `${versions}). CPU is the server's, user and system; medians (min-max). ` +
    `All of it took ${Math.round(run.took)} s.`;
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
    took: performance.now() / 1000,
    versions,
  };
}
