/**
 * `--compare` measures our present server beside our server of a git ref, in turns. Both run the
 * present programs of the benchmark; only the product is taken from the ref.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findRuntime, ROOT, type Runtime } from "../../tests/tools/runtimes.ts";
import { prepareBench } from "../bench.ts";
import { compilePrograms, type ProgramPath, temporaryDirectory } from "../processes/compile.ts";
import { CONTENDERS, FIRST } from "../contenders.ts";
import type { EnginePairJob, EngineRatio } from "../measure/engine_pair.ts";
import type { Sample } from "../measure/figures.ts";
import { measureWorkload } from "../measure/measure_workload.ts";
import { ServerPool } from "../measure/server_pool.ts";
import { OptionError, type Options } from "../options.ts";
import { runClient } from "../processes/commands.ts";
import { RUNTIME_ARGUMENTS } from "../processes/launch.ts";
import { spread } from "../report/table.ts";
import { describeRun } from "../report/run.ts";
import { reportSections, type Section } from "../report/sections.ts";
import { type Change, changesOf, MARGIN } from "../judging/regression.ts";

/** The pairs of turns for each workload of the engine alone, and the longest time of all of them. */
const ENGINE_TURNS = 200;
const ENGINE_SECONDS = 300;

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
  const engines: EngineRow[] = [];
  for (const runtime of runtimes) {
    console.error(`${runtime.name} ${runtime.version}: the engine alone ...`);
    engines.push(...await compareEngines(runtime, bench.servers.path, then));
  }
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
  const sections = [engineSection(engines), section(changes, options.ref)];
  reportSections("compare", run, sections, options.write, { changes, engines });
  return changes.some(({ worse }) => worse) ? 1 : 0;
}

/** The ratios of one workload on one runtime. */
interface EngineRow extends EngineRatio {
  readonly runtime: string;
}

/** Measures both versions of the engine in one process of a runtime. */
async function compareEngines(
  runtime: Runtime,
  now: ProgramPath,
  then: ProgramPath,
): Promise<EngineRow[]> {
  const folder = (path: ProgramPath) => join(dirname(path("main")), "..");
  const job: EnginePairJob = {
    adapter: runtime.name === "currentNode" ? "node" : runtime.name,
    now: folder(now),
    then: folder(then),
    turns: ENGINE_TURNS,
  };
  const program = [runtime.command, ...RUNTIME_ARGUMENTS[runtime.name], now("measure/engine_pair")];
  const ratios = await runClient<EngineRatio[]>([...program, JSON.stringify(job)], ENGINE_SECONDS);
  return ratios.map((ratio) => ({ runtime: runtime.name, ...ratio }));
}

function engineSection(engines: readonly EngineRow[]): Section {
  const rows = engines.map(({ runtime, workload, one, other, ratio, quartiles: [low, high] }) => [
    runtime,
    workload,
    `${one.toFixed(2)}, ${other.toFixed(2)}`,
    `${ratio.toFixed(3)} (${low.toFixed(2)}-${high.toFixed(2)})`,
  ]);
  return {
    title: "The engine alone",
    note:
      "The time of the engine now divided by that then, in turns of some ten milliseconds in one process: " +
      "the median and the quartiles. No byte passes the system, so a tenth here is a hundredth of a request.",
    rows: [["runtime", "workload", "us/request now, then", "now / then"], ...rows],
  };
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
