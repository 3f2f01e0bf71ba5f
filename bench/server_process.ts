/**
 * A server that is measured: a process of its own, asked for its port and its CPU time.
 *
 * @module
 */

import type { Runtime } from "../tests/support/runtimes.ts";
import { processCpuTime } from "./cpu_time.ts";
import { endProcess, type Process, startProcess } from "./processes.ts";

/** A server that has not told its port by then never will. */
const START_MILLISECONDS = 20_000;

export interface ServerProcess {
  readonly port: number;
  /** The CPU time it has used so far, in microseconds. */
  cpuTime(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a compiled program; resolves when it listens. */
export async function startServer(
  runtime: Runtime,
  program: string,
  pinning: readonly string[],
): Promise<ServerProcess> {
  const child = startProcess([...pinning, runtime.command, ...programArguments(runtime), program]);
  try {
    const port = await awaitFigure(child, "port");
    return {
      port,
      cpuTime: () => cpuTimeOf(child),
      stop: () => endProcess(child),
    };
  } catch (error) {
    await endProcess(child);
    throw new Error(`${program} did not start on ${runtime.name}: ${(error as Error).message}`);
  }
}

/** The programs need no configuration: they are JavaScript and import each other only. */
function programArguments(runtime: Runtime): string[] {
  return runtime.name === "deno" ? ["run", "--allow-all", "--no-config"] : [];
}

async function cpuTimeOf(child: Process): Promise<number> {
  const fromOutside = processCpuTime(child.pid ?? 0);
  if (fromOutside !== undefined) return fromOutside;
  const answer = awaitFigure(child, "cpu");
  child.stdin.write("cpu\n");
  return await answer;
}

/** Resolves when the program prints a line `<name> <number>`. */
function awaitFigure(child: Process, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = "";
    let complaint = "";
    const collect = (text: string) => {
      output += text;
      const found = new RegExp(`^${name} (\\d+)$`, "m").exec(output);
      if (found !== null) settle(() => resolve(Number(found[1])));
    };
    const complain = (text: string) => complaint += text;
    const fail = (reason: string) => settle(() => reject(new Error(`${reason}\n${complaint}`)));
    const ended = () => fail("it ended");
    const failed = (error: Error) => fail(error.message);
    const timer = setTimeout(() => fail(`no ${name} came in time`), START_MILLISECONDS);
    const settle = (then: () => void) => {
      clearTimeout(timer);
      child.stdout.off("data", collect);
      child.stderr.off("data", complain);
      child.off("close", ended);
      child.off("error", failed);
      then();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", complain);
    child.on("close", ended);
    child.on("error", failed);
  });
}
