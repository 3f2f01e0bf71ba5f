/**
 * This program measures the cost of coroutines on each runtime:
 *
 *     node --import tsx bench/coroutine.ts [--scaling] [runtime ...]
 *
 * Our coroutines are measured beside bare promises, Effection and Effect. With `--scaling` only
 * ours are measured, from 10 coroutines to 1,000,000.
 *
 * @module
 */

import process from "node:process";
import { runCommand } from "../tests/tools/gates/command.ts";
import {
  findRuntime,
  ROOT,
  type Runtime,
  RUNTIME_NAMES,
  type RuntimeName,
} from "../tests/tools/runtimes.ts";
import { compilePrograms } from "./processes/compile.ts";
import type { CostResult } from "./coroutine/costs.ts";
import type { ScalingResult } from "./coroutine/scaling.ts";
import { align, spread } from "./report/table.ts";

/** The options that allow a collection before memory is measured. Bun needs none. */
const COLLECTABLE: Readonly<Record<RuntimeName, readonly string[]>> = {
  node: ["--expose-gc"],
  currentNode: ["--expose-gc"],
  deno: [
    "run",
    "--allow-all",
    "--no-config",
    "--node-modules-dir=manual",
    "--v8-flags=--expose-gc",
  ],
  bun: [],
};

const SIZES = ["10", "100", "1,000", "10,000", "100,000", "1,000,000"];

const path = await compilePrograms();
const asked = process.argv.slice(2);
const scaling = asked.includes("--scaling");
const names = RUNTIME_NAMES.filter((name) => asked.includes(name));
for (const name of names.length > 0 ? names : RUNTIME_NAMES) {
  const runtime = findRuntime(name);
  console.log(`\n${runtime.name} ${runtime.version}\n`);
  console.log(align(scaling ? await scalingRows(runtime) : await costRows(runtime)));
}

async function run(runtime: Runtime, program: string): Promise<unknown> {
  const { code, output, stdout } = await runCommand(
    [runtime.command, ...COLLECTABLE[runtime.name], path(`coroutine/${program}`)],
    { cwd: ROOT },
  );
  if (code !== 0) throw new Error(`It failed on ${runtime.name}:\n${output}`);
  return JSON.parse(stdout);
}

/**
 * Makes a line for each workload: our cost, and our cost divided by the cost of each other library.
 */
async function costRows(runtime: Runtime): Promise<string[][]> {
  const results = await run(runtime, "costs") as CostResult[];
  const others = [...new Set(results.map(({ contender }) => contender))].slice(1);
  const rows = [["operation", "ours", ...others.map((other) => `ours / ${other}`)]];
  for (const { workload, contender, unit, cost } of results) {
    if (contender !== "ours") continue;
    const ratios = results.filter((result) => result.workload === workload).slice(1);
    const cells = ratios.map(({ ratio }) => spread(ratio, 2));
    rows.push([workload, `${spread(cost, 0)} ${unit}`, ...cells]);
  }
  return rows;
}

async function scalingRows(runtime: Runtime): Promise<string[][]> {
  const results = await run(runtime, "scaling") as ScalingResult[];
  const rows = results.map((
    { workload, costs },
  ) => [workload, ...costs.map((ns) => ns.toFixed(0))]);
  return [["ns an operation, coroutines:", ...SIZES], ...rows];
}
