/**
 * The side-by-side run of every contender, every workload and every runtime.
 *
 * @module
 */

import { findRuntime, type Runtime, type RuntimeName } from "../../tests/tools/runtimes.ts";
import { type Bench, prepareBench } from "../bench.ts";
import { type Contender, isAble, LIMIT } from "../contenders.ts";
import { MAIN_FIGURE, type Sample } from "../measure/figures.ts";
import { measureWorkload } from "../measure/measure_workload.ts";
import { Pace } from "../measure/pace.ts";
import { ServerPool } from "../measure/server_pool.ts";
import { KINDS } from "../measure/kinds.ts";
import { OptionError, type Options } from "../options.ts";
import { contenderMarkdown, contenderText } from "../report/side_by_side.ts";
import { describeRun } from "../report/run.ts";
import { ratioChart } from "../report/ratio_chart.ts";
import { writeResults } from "../report/write.ts";
import { summarize } from "../judging/summary.ts";
import { tellsMemory } from "../processes/resource_usage.ts";
import type { Workload } from "../workloads/workloads.ts";

export async function runContenders(options: Options): Promise<number> {
  const bench = await prepareBench(options);
  const runtimes = options.runtimes.map(findRuntime);
  const contenders = options.contenders
    .filter((contender) => runtimes.some(({ name }) => hasWork(contender, name, options)))
    .filter(isInstalled);
  const parts = partsOf(runtimes, contenders, options);
  if (parts.every((part) => part.contenders.length === 0)) {
    const names = options.workloads.map(({ name }) => name).join(", ");
    throw new OptionError(
      `No contender can run ${names} here: contenders.ts lists the apps of each`,
    );
  }
  const pace = new Pace(options.budget, parts.reduce((sum, { weight }) => sum + weight, 0));
  const samples: Sample[] = [];
  for (const runtime of runtimes) {
    const own = parts.filter((part) => part.runtime === runtime);
    samples.push(...await measureRuntime(runtime, own, { ...options, pace }, bench));
  }
  const run = describeRun(options, bench, versionsOf(runtimes, contenders));
  const results = summarize(samples);
  console.log(contenderText(run, results));
  if (options.write) {
    const path = writeResults(options.quick ? "quick" : "full", {
      json: { ...run, results },
      md: contenderMarkdown(run, results),
      svg: ratioChart(results),
    });
    console.log(`Written: ${path}`);
  }
  return 0;
}

/** One workload on one runtime. */
interface Part {
  readonly runtime: Runtime;
  readonly workload: Workload;
  readonly contenders: readonly Contender[];
  /** Its share of the time, relative to other parts. */
  readonly weight: number;
}

/**
 * The weight of a workload with thousands of connections, which takes about twice as long as a load
 * does.
 */
const FRESH_WEIGHT = 2;

function partsOf(
  runtimes: readonly Runtime[],
  contenders: readonly Contender[],
  options: Options,
): Part[] {
  const workloads = options.workloads.filter(isMeasurable);
  return runtimes.flatMap((runtime) =>
    workloads.map((workload) => {
      const able = contenders.filter((one) => isMeasured(one, runtime.name, workload, options));
      const weight = able.length * (KINDS[workload.kind].fresh ? FRESH_WEIGHT : 1);
      return { runtime, workload, contenders: able, weight };
    })
  );
}

async function measureRuntime(
  runtime: Runtime,
  parts: readonly Part[],
  options: Options & { readonly pace: Pace },
  { servers, clients }: Bench,
): Promise<Sample[]> {
  const pool = new ServerPool(runtime);
  const settings = { ...options, place: clients, pool };
  const samples: Sample[] = [];
  try {
    for (const { workload, contenders, weight } of parts) {
      console.error(`${runtime.name} ${runtime.version}: ${workload.title} ...`);
      options.pace.begin(weight);
      const entrants = contenders.map((contender) => ({ contender, place: servers }));
      samples.push(...await measureWorkload(runtime, entrants, workload, settings));
    }
    return samples;
  } finally {
    await pool.stop();
  }
}

/** Whether this system can measure a workload. If not, a note goes to standard error. */
function isMeasurable({ kind, title }: Workload): boolean {
  const able = MAIN_FIGURE[kind] !== "memory" || tellsMemory();
  if (!able) console.error(`Without ${title}: this system does not tell the memory of processes.`);
  return able;
}

/** Whether a contender takes part at all. If not, it need not be installed. */
function hasWork(contender: Contender, runtime: RuntimeName, options: Options): boolean {
  return options.workloads.some((workload) => isMeasured(contender, runtime, workload, options));
}

function isMeasured(
  contender: Contender,
  runtime: RuntimeName,
  workload: Workload,
  options: Options,
): boolean {
  return isAble(contender, runtime, workload.app) && isWanted(contender, workload, options);
}

/** Whether a workload is measured with a contender that the command line did not name. */
function isWanted(
  { name, rank }: Contender,
  workload: Workload,
  { named, quick }: Options,
): boolean {
  if (named) return true;
  if (rank === "peer") return workload.peers;
  return name !== LIMIT || !quick || workload.app === "hello";
}

/** Whether a contender is installed. If not, a note goes to standard error. */
function isInstalled({ name, foreign }: Contender): boolean {
  const there = foreign === undefined || foreign.version() !== undefined;
  if (!there) console.error(`Without ${name}, which is not installed (${foreign?.hint}).`);
  return there;
}

function versionsOf(
  runtimes: readonly Runtime[],
  contenders: readonly Contender[],
): Readonly<Record<string, string>> {
  const foreign = runtimes.some(({ name }) => name === "node")
    ? contenders.flatMap(({ name, foreign }) => foreign ? [[name, foreign.version() ?? ""]] : [])
    : [];
  const own = runtimes.map(({ name, version }) => [name, version]);
  return Object.fromEntries([...own, ...foreign]);
}
