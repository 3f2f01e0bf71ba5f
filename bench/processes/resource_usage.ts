/**
 * This file reads the CPU time and the memory of a process from Linux. The time is user and system
 * time of all its threads and children.
 *
 * `/proc/<pid>/stat` counts in ticks of 10 ms, which is coarse, but it keeps the time of threads
 * that have ended. The finer counters of `/proc/<pid>/task/*` lose that time. Runtimes end idle
 * compiler threads, so the sum of these counters may even shrink. Therefore a server that can
 * report its own time is asked for it.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** `USER_HZ`, which Linux has promised to user space on all platforms that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The CPU time of a process and its children in microseconds; 0 if the system does not report it. */
export function processCpuTime(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === "") return 0;
  // The second field is the name in parentheses, which may have blanks; the third follows
  // (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [fields[14 - 3], fields[15 - 3]];
  const own = (Number(user) + Number(system)) * 1_000_000 / TICKS_PER_SECOND;
  return childrenOf(pid).reduce((sum, child) => sum + processCpuTime(child), own);
}

/** The memory of a process and its children that is in RAM, in bytes; 0 if the system does not report it. */
export function processMemory(pid: number): number {
  const status = read(`/proc/${pid}/status`);
  const kibibytes = Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0);
  return childrenOf(pid).reduce((sum, child) => sum + processMemory(child), kibibytes * 1024);
}

/** The number of open files and sockets of a process; 0 if the system does not report it. */
export function openDescriptors(pid: number): number {
  return list(`/proc/${pid}/fd`).length;
}

/** Whether the system reports the memory of processes. */
export function tellsMemory(): boolean {
  return processMemory(process.pid) > 0;
}

function childrenOf(pid: number): number[] {
  const threads = list(`/proc/${pid}/task`);
  return threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter((text) => text.trim() !== "")
  ).map(Number);
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
