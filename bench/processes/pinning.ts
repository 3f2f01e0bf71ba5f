/**
 * This file keeps server and client on a CPU each, so that neither takes time from the other.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The words before a command line that pin a process; empty if it cannot be pinned. */
export interface Pinning {
  readonly server: readonly string[];
  readonly client: readonly string[];
}

/**
 * Picks two of the CPUs that this process may use. It picks none if there is no second CPU or no
 * `taskset`.
 */
export function choosePinning(): Pinning {
  const cpus = allowedCpus();
  const [first] = cpus;
  const last = cpus.at(-1);
  const able = cpus.length > 1 && spawnSync("taskset", ["--version"]).status === 0;
  if (!able) return { server: [], client: [] };
  return { server: ["taskset", "-c", `${first}`], client: ["taskset", "-c", `${last}`] };
}

function allowedCpus(): number[] {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? "");
  } catch {
    return [];
  }
}

/** Reads a list such as `0-3,8`. */
function parseCpuList(text: string): number[] {
  return text.split(",").filter((range) => range !== "").flatMap((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
