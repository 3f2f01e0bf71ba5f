/**
 * The CPU time of another process, user and system, over all its threads.
 *
 * `/proc/<pid>/stat` counts in ticks of 10 ms, which is coarse, but it keeps the time of threads that
 * have ended. The finer counters of `/proc/<pid>/task/*` lose it, and runtimes do end idle compiler
 * threads: a sum of those may even shrink.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** `USER_HZ`, which Linux has promised to user space on all platforms that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The CPU time of a process in microseconds, or `undefined` where the system does not tell. */
export function processCpuTime(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // proc_pid_stat(5): the second field, the name in parentheses, may hold blanks; the third follows.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [fields[14 - 3], fields[15 - 3]];
  return (Number(user) + Number(system)) * 1_000_000 / TICKS_PER_SECOND;
}
