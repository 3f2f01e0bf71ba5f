/**
 * The coroutine kernel's costs beside those of bare promises, on each runtime:
 *
 *     node --import tsx bench/coroutine.ts [runtime ...]
 *
 * @module
 */

import process from "node:process";
import { runCommand } from "../tests/gates/command.ts";
import {
  findRuntime,
  ROOT,
  type Runtime,
  RUNTIME_NAMES,
  type RuntimeName,
} from "../tests/support/runtimes.ts";
import { compilePrograms } from "./compile.ts";
import type { CostResult } from "./coroutine/costs.ts";
import { align, spread } from "./report.ts";

/** So that memory is measured after a collection. Bun needs no leave for it. */
const COLLECTABLE: Readonly<Record<RuntimeName, readonly string[]>> = {
  node: ["--expose-gc"],
  currentNode: ["--expose-gc"],
  deno: ["run", "--allow-all", "--no-config", "--v8-flags=--expose-gc"],
  bun: [],
};

const path = await compilePrograms();
const asked = process.argv.slice(2);
const rows = [["operation", "runtime", "unit", "ours", "promises", "ours / promises"]];
for (const name of RUNTIME_NAMES) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  rows.push(...await costRows(findRuntime(name)));
}
console.log(align(rows));

async function costRows(runtime: Runtime): Promise<string[][]> {
  const { code, output, stdout } = await runCommand(
    [runtime.command, ...COLLECTABLE[runtime.name], path("coroutine/costs")],
    { cwd: ROOT },
  );
  if (code !== 0) throw new Error(`It failed on ${runtime.name}:\n${output}`);
  return (JSON.parse(stdout) as CostResult[]).map(({ name, unit, ours, bare, ratio }) => [
    name,
    `${runtime.name} ${runtime.version}`,
    unit,
    spread(ours, 0),
    spread(bare, 0),
    spread(ratio, 2),
  ]);
}
