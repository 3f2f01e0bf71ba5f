/**
 * Our own client: a program beside us, so that it can be pinned. It can take more CPU than a fast
 * server does, and then leaves it idle: figures from it compare less well than those of `wrk`.
 *
 * @module
 */

import process from "node:process";
import { endProcess, startProcess } from "../processes.ts";
import type { Load, LoadFigures } from "./load.ts";

/** How long the client may take beyond the time it was given. */
const SPARE_SECONDS = 10;

export function netLoad(pinning: readonly string[], program: string): Load {
  return {
    name: "own client",
    run({ port, workload }, seconds) {
      const { request, depth, connections } = workload;
      const job = { port, connections, batch: request.repeat(depth), depth, seconds };
      return runClient([...pinning, process.execPath, program, JSON.stringify(job)], seconds);
    },
  };
}

function runClient(commandLine: readonly string[], seconds: number): Promise<LoadFigures> {
  const child = startProcess(commandLine);
  const timer = setTimeout(() => void endProcess(child), (seconds + SPARE_SECONDS) * 1000);
  return new Promise((resolve, reject) => {
    let output = "";
    let complaint = "";
    child.stdout.on("data", (text: string) => output += text);
    child.stderr.on("data", (text: string) => complaint += text);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(JSON.parse(output) as LoadFigures);
      else reject(new Error(`The client failed: ${complaint || "it did not end"}`));
    });
  });
}
