/**
 * `wrk` as the client: one thread, since it has one CPU.
 *
 * @module
 */

import { join } from "node:path";
import { ROOT } from "../../tests/support/runtimes.ts";
import { type Process, startProcess } from "../processes.ts";
import type { Load, LoadFigures } from "./load.ts";

const SCRIPT = join(ROOT, "bench", "load", "request.lua");

/** It takes whole seconds only, so it gets more than it needs and is told when to stop. */
const SPARE_SECONDS = 5;

export function wrkLoad(pinning: readonly string[]): Load {
  return {
    name: "wrk",
    async run({ port, workload }, seconds) {
      const { connections, request, depth } = workload;
      const duration = `${Math.ceil(seconds) + SPARE_SECONDS}s`;
      const child = startProcess([
        ...pinning,
        ...["wrk", "--threads", "1", "--connections", `${connections}`, "--duration", duration],
        ...["--script", SCRIPT, `http://127.0.0.1:${port}/`, "--", request.repeat(depth)],
      ]);
      const timer = setTimeout(() => child.kill("SIGINT"), seconds * 1000);
      const output = await transcript(child);
      clearTimeout(timer);
      return parseWrk(output);
    },
  };
}

function transcript(child: Process): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout.on("data", (text: string) => output += text);
    child.stderr.on("data", (text: string) => output += text);
    child.on("error", reject);
    child.on("close", () => resolve(output));
  });
}

const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9 };

/** Reads its report. */
export function parseWrk(output: string): LoadFigures {
  const [, requests, time, unit] = /(\d+) requests in ([\d.]+)([a-z]+),/.exec(output) ?? [];
  const complaint = /(Socket errors|Non-2xx).*/.exec(output)?.[0];
  if (requests === undefined || requests === "0" || complaint !== undefined) {
    throw new Error(`wrk failed: ${complaint ?? output}`);
  }
  return {
    requests: Number(requests),
    seconds: Number(time) * (MICROSECONDS[unit ?? ""] ?? NaN) / 1e6,
  };
}
