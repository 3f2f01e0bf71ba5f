/**
 * The processes that the benchmark starts, so that none of them outlives it.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

export type Process = ChildProcessByStdio<Writable, Readable, Readable>;

const running = new Set<Process>();

/** Starts a program with pipes to and from it. */
export function startProcess(commandLine: readonly string[]): Process {
  const [program = "", ...args] = commandLine;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  // It may end before it has read what it is told.
  child.stdin.on("error", () => {});
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

/** Ends a process, and resolves when it has gone. */
export function endProcess(child: Process): Promise<void> {
  if (!running.has(child)) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("close", () => resolve());
    child.kill("SIGKILL");
  });
}

/** Ends all that were started. */
export async function endProcesses(): Promise<void> {
  await Promise.all([...running].map(endProcess));
}
