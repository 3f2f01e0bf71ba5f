/**
 * `--compare` measures our present server beside our server of a git ref, in turns. Both run the
 * present programs of the benchmark; only the product is taken from the ref.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findRuntime, ROOT } from "../../tests/tools/runtimes.ts";
import { prepareBench } from "../bench.ts";
import { compilePrograms, type ProgramPath, temporaryDirectory } from "../processes/compile.ts";
import { CONTENDERS, FIRST } from "../contenders.ts";
import type { Sample } from "../measure/figures.ts";
import { measureWorkload } from "../measure/measure_workload.ts";
import { ServerPool } from "../measure/server_pool.ts";
import { OptionError, type Options } from "../options.ts";
import { spread } from "../report/table.ts";
import { describeRun } from "../report/run.ts";
import { reportSections, type Section } from "../report/sections.ts";
import { type Change, changesOf, MARGIN } from "../judging/regression.ts";

const PRODUCT = ["mod.ts", "src", "adapters"];

export async function runCompare(options: Options): Promise<number> {
  const then = await compileRef(options.ref);
  const bench = await prepareBench(options);
  const ours = CONTENDERS.find(({ name }) => name === FIRST);
  if (ours === undefined) throw new Error(`${FIRST} is missing`);
  const entrants = [
    { contender: { ...ours, name: "now" }, place: bench.servers },
    { contender: { ...ours, name: "then" }, place: { ...bench.servers, path: then } },
  ];
  const runtimes = options.runtimes.map(findRuntime);
  const samples: Sample[] = [];
  const { rounds, seconds } = options;
  for (const runtime of runtimes) {
    const pool = new ServerPool(runtime);
    const settings = { rounds, seconds, place: bench.clients, pool };
    for (const workload of options.workloads) {
      console.error(`${runtime.name} ${runtime.version}: ${workload.title} ...`);
      samples.push(...await measureWorkload(runtime, entrants, workload, settings));
    }
    await pool.stop();
  }
  const changes = changesOf(samples);
  const versions = Object.fromEntries(runtimes.map(({ name, version }) => [name, version]));
  const run = describeRun(options, bench, versions);
  reportSections("compare", run, [section(changes, options.ref)], options.write, { changes });
  return changes.some(({ worse }) => worse) ? 1 : 0;
}

function section(changes: readonly Change[], ref: string): Section {
  const rows = changes.map(({ runtime, workload, figure, cost, worse }) => [
    runtime,
    workload,
    figure,
    spread(cost, 3),
    worse ? "WORSE" : "",
  ]);
  return {
    title: `Now beside ${ref}`,
    note: `The cost now divided by the cost then, round by round: above 1 is worse. It counts as ` +
      `worse where the median is above ${MARGIN} and no round was at 1 or better.`,
    rows: [["runtime", "workload", "figure", "now / then", ""], ...rows],
  };
}

/** Compiles the present programs with the product of a ref. */
async function compileRef(ref: string): Promise<ProgramPath> {
  const directory = temporaryDirectory();
  extract(ref, directory);
  const notResults = (source: string) => source !== join(ROOT, "bench", "results");
  cpSync(join(ROOT, "bench"), join(directory, "bench"), { recursive: true, filter: notResults });
  mkdirSync(join(directory, "tests"));
  cpSync(join(ROOT, "tests", "types"), join(directory, "tests", "types"), { recursive: true });
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }\n');
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"), "junction");
  return await compilePrograms(directory);
}

/** @throws {OptionError} When there is no such ref, or no product in it. */
function extract(ref: string, directory: string): void {
  const archive = join(directory, "product.tar");
  const commit = `${ref}^{commit}`;
  const verified = spawnSync("git", [
    "rev-parse",
    "--verify",
    "--quiet",
    "--end-of-options",
    commit,
  ], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (verified.status !== 0) throw new OptionError(`--compare is "${ref}": expected a git ref`);
  const options = ["archive", "--format=tar", `--output=${archive}`, verified.stdout.trim()];
  const packed = spawnSync("git", [...options, ...PRODUCT], { cwd: ROOT, encoding: "utf8" });
  const unpacked = spawnSync("tar", ["-xf", archive, "-C", directory], { encoding: "utf8" });
  if (packed.status === 0 && unpacked.status === 0) return;
  throw new OptionError(`Cannot take the sources of ${ref}: ${packed.stderr}${unpacked.stderr}`);
}
