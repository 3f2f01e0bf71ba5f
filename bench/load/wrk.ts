/**
 * This file runs `wrk` as the client, with one thread, because it has one CPU.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../tests/tools/runtimes.ts";
import { outputOf, startProcess } from "../processes/commands.ts";
import { isClosing } from "../workloads/requests.ts";
import type { Load, LoadFigures } from "./load_generator.ts";

const SCRIPT = join(ROOT, "bench", "load", "request.lua");

/**
 * The seconds beyond the time of the load. wrk takes only whole seconds, so it gets more time than
 * it needs, and a signal stops it.
 */
const SPARE_SECONDS = 5;

/**
 * @param directory The directory for the file with the requests, as 1 MB is too much for a command
 * line.
 */
export function wrkLoad(pinning: readonly string[], directory: string): Load {
  const file = join(directory, "request.bin");
  return {
    name: "wrk",
    async run({ port, request, depth, connections, mayFail }, seconds, stop) {
      writeFileSync(file, request.repeat(depth), "latin1");
      const duration = `${Math.ceil(seconds) + SPARE_SECONDS}s`;
      const child = startProcess([
        ...pinning,
        ...["wrk", "--threads", "1", "--connections", `${connections}`, "--duration", duration],
        ...["--script", SCRIPT, `http://127.0.0.1:${port}/`, "--", file],
      ]);
      const end = () => child.kill("SIGINT");
      const timer = setTimeout(end, seconds * 1000);
      stop?.addEventListener("abort", end);
      const { output } = await outputOf(child);
      clearTimeout(timer);
      return parseWrk(output, mayFail || isClosing(request));
    },
  };
}

/**
 * Parses the output of `request.lua`.
 *
 * @param closing Whether connections may end. wrk counts an end that was not announced as a read
 *   error. Bun's server never announces an end.
 * @throws {Error} When a connection or an answer failed.
 */
export function parseWrk(output: string, closing: boolean = false): LoadFigures {
  const line = /^FIGURES (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk failed: ${output}`);
  const figures = new Map(line.split(" ").map((pair) => pair.split("=") as [string, string]));
  const figure = (name: string) => Number(figures.get(name));
  const errors = ["connect", "write", "status", ...(closing ? [] : ["read"])]
    .filter((name) => figure(name) !== 0);
  if (errors.length > 0 || !(figure("requests") >= 0)) throw new Error(`wrk failed: ${line}`);
  return {
    requests: figure("requests"),
    seconds: figure("microseconds") / 1e6,
    p50: figure("p50"),
    p99: figure("p99"),
    p999: figure("p999"),
  };
}
