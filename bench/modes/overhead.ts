/**
 * `--overhead` measures the cost of each way to look inside a server: its own counts, metrics, the access log,
 * spans and the option `debug`, beside a plain server in the same process.
 *
 * @module
 */

import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findRuntime, ROOT, type Runtime } from "../../tests/tools/runtimes.ts";
import { prepareBench } from "../bench.ts";
import { FEATURES, type OverheadFeature, type OverheadJob } from "../measure/overhead_features.ts";
import type { PairRatio } from "../measure/paired_servers.ts";
import type { Options } from "../options.ts";
import { runClient } from "../processes/commands.ts";
import { temporaryDirectory } from "../processes/compile.ts";
import { RUNTIME_ARGUMENTS } from "../processes/launch.ts";
import { describeRun } from "../report/run.ts";
import { reportSections, type Section } from "../report/sections.ts";

/** The pairs of turns for each feature, and the longest time of all of them. */
const TURNS = 100;
const SECONDS = 300;

interface Row extends PairRatio {
  readonly runtime: string;
  readonly feature: OverheadFeature;
}

export async function runOverhead(options: Options): Promise<number> {
  const bench = await prepareBench(options);
  const compiled = join(dirname(bench.servers.path("main")), "..");
  const folder = copyOf(compiled);
  const plain = copyOf(compiled);
  const uncounted = withoutCounts(copyOf(compiled));
  const runtimes = options.runtimes.map(findRuntime);
  const rows: Row[] = [];
  for (const runtime of runtimes) {
    for (const feature of FEATURES) {
      console.error(`${runtime.name} ${runtime.version}: ${feature} ...`);
      const other = feature === "counts" ? uncounted : plain;
      const job = { adapter: adapterOf(runtime), feature, folder, other, turns: TURNS };
      rows.push({ runtime: runtime.name, feature, ...await measure(runtime, job, folder) });
    }
  }
  const versions = Object.fromEntries(runtimes.map(({ name, version }) => [name, version]));
  const run = describeRun({ rounds: TURNS, seconds: 0.01 }, bench, versions);
  reportSections("overhead", run, [section(rows)], options.write, { rows });
  return 0;
}

function adapterOf({ name }: Runtime): string {
  return name === "currentNode" ? "node" : name;
}

function measure(runtime: Runtime, job: OverheadJob, folder: string): Promise<PairRatio> {
  const program = [runtime.command, ...RUNTIME_ARGUMENTS[runtime.name]];
  const path = join(folder, "bench", "measure", "overhead_pair.js");
  return runClient<PairRatio>([...program, path, JSON.stringify(job)], SECONDS);
}

/** Copies the compiled package, so that the runtime compiles its code anew. */
function copyOf(compiled: string): string {
  const folder = temporaryDirectory();
  for (const name of ["mod.js", "src", "adapters", "bench", "package.json"]) {
    cpSync(join(compiled, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"), "junction");
  return folder;
}

/** The statements that count for `server.stats()` in each request, by their compiled file. */
export const COUNTING: readonly (readonly [file: string, statement: string])[] = [
  ["src/server/connections.js", "this.#active++;"],
  ["src/server/connections.js", "this.#active--;"],
  ["src/server/connections.js", "this.#served++;"],
  ["src/server/connections.js", "this.tally.responses[exchange.responseKind]++;"],
  ["src/server/client_connection.js", "this.#receivedBytes += own.length;"],
  ["src/server/client_connection.js", "exchange.receivedBytes += bytes.length;"],
  ["src/server/output.js", "this.#sentBytes += length;"],
];

/** Takes the counting out of a copy. */
function withoutCounts(folder: string): string {
  for (const [file, statement] of COUNTING) {
    const path = join(folder, file);
    const parts = readFileSync(path, "utf8").split(statement);
    if (parts.length !== 2) throw new Error(`${file} has not one "${statement}"`);
    writeFileSync(path, parts.join(""));
  }
  return folder;
}

function section(rows: readonly Row[]): Section {
  const cells = rows.map(({ runtime, feature, one, other, ratio, quartiles: [low, high] }) => [
    runtime,
    feature,
    `${one.toFixed(2)}, ${other.toFixed(2)}`,
    `${(one - other).toFixed(2)}`,
    `${ratio.toFixed(3)} (${low.toFixed(2)}-${high.toFixed(2)})`,
  ]);
  return {
    title: "The cost of looking inside",
    note:
      "The time of a request through the engine with a feature, beside a server without it in the same process, " +
      "in turns of some ten milliseconds: medians, and the quartiles of the ratio. No byte passes the system, so the " +
      "whole request over TCP takes some ten times as long. The row `nothing` has the plain server twice: its " +
      "distance from 1 is the error. The row `counts` compares with a server without the counts of `stats()`.",
    rows: [
      ["runtime", "feature", "us/request with, without", "us more", "with / without"],
      ...cells,
    ],
  };
}
