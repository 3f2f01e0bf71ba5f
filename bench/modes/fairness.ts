/**
 * The measurement of fairness: 50 clients stream answers of 20 blocks again and again, and each
 * block takes 2 ms to compute. One more client sends tiny requests. Its latency is measured with
 * generators that the scheduler interleaves, and with an ordinary loop on the runtime's own server.
 *
 * @module
 */

import process from "node:process";
import { findRuntime, type Runtime } from "../../tests/tools/runtimes.ts";
import { type Bench, prepareBench } from "../bench.ts";
import { STEP_MILLISECONDS, STEPS, STEPS_PATH } from "../workloads/content.ts";
import { type Contender, FIRST, isAble } from "../contenders.ts";
import { launchOf } from "../processes/launch.ts";
import type { FairnessFigures, FairnessJob } from "../measure/fairness_client.ts";
import type { Options } from "../options.ts";
import { runClient } from "../processes/commands.ts";
import { spread } from "../report/table.ts";
import { describeRun } from "../report/run.ts";
import { reportSections, type Section } from "../report/sections.ts";
import { get, PLAIN } from "../workloads/requests.ts";
import { startServer } from "../processes/server_process.ts";
import { spreadOf } from "../judging/statistics.ts";

const STREAMS = 50;
/**
 * The shortest run. It has time for a hundred tiny requests, even if each waits for all streams.
 */
const LEAST_SECONDS = 4;
const MOST_ROUNDS = 3;
const SPARE_SECONDS = 30;

interface FairnessSample extends FairnessFigures {
  readonly runtime: string;
  readonly contender: string;
}

export async function runFairness(options: Options): Promise<number> {
  const bench = await prepareBench(options);
  const runtimes = options.runtimes.map(findRuntime);
  const samples: FairnessSample[] = [];
  const seconds = Math.max(options.seconds, LEAST_SECONDS);
  const rounds = options.quick ? 1 : Math.min(options.rounds, MOST_ROUNDS);
  for (const runtime of runtimes) {
    const contenders = options.contenders
      .filter((one) => isAble(one, runtime.name, "steps"))
      .filter(({ rank }) => rank === "core" || options.named);
    console.error(`${runtime.name} ${runtime.version}: fairness ...`);
    for (let round = 0; round < rounds; round++) {
      for (const one of contenders) samples.push(await measure(one, runtime, seconds, bench));
    }
  }
  const versions = Object.fromEntries(runtimes.map(({ name, version }) => [name, version]));
  const run = describeRun({ rounds, seconds }, bench, versions);
  reportSections("fairness", run, [section(samples)], options.write, { samples });
  return 0;
}

async function measure(
  contender: Contender,
  runtime: Runtime,
  seconds: number,
  { servers, clients }: Bench,
): Promise<FairnessSample> {
  const server = await startServer(await launchOf(contender, runtime, "steps", servers));
  try {
    const job: FairnessJob = {
      port: server.port,
      streams: STREAMS,
      streamRequest: get(STEPS_PATH, "Accept: */*"),
      tinyRequest: PLAIN,
      seconds,
    };
    const program = clients.path("measure/fairness_client");
    const commandLine = [...clients.pinning, process.execPath, program, JSON.stringify(job)];
    const figures = await runClient<FairnessFigures>(commandLine, seconds + SPARE_SECONDS);
    return { runtime: runtime.name, contender: contender.name, ...figures };
  } finally {
    await server.stop();
  }
}

function section(samples: readonly FairnessSample[]): Section {
  const titles = ["p50 ms", "p99 ms", "max ms", "tiny requests", "steps/s"];
  const groups = new Map<string, FairnessSample[]>();
  for (const sample of samples) {
    const key = `${sample.runtime} ${sample.contender}`;
    groups.set(key, [...groups.get(key) ?? [], sample]);
  }
  const rows = [...groups.values()].map((group) => {
    const { runtime, contender } = group[0] as FairnessSample;
    const over = (value: (sample: FairnessSample) => number) => spreadOf(group.map(value));
    return [
      runtime,
      contender,
      spread(over(({ p50 }) => p50), 1),
      spread(over(({ p99 }) => p99), 1),
      spread(over(({ max }) => max), 1),
      over(({ answers }) => answers).median.toFixed(0),
      over(({ streamsPerSecond }) => streamsPerSecond * STEPS).median.toFixed(0),
    ];
  });
  return {
    title: "Fairness",
    note:
      `How long a tiny request takes beside ${STREAMS} clients whose answers are ${STEPS} blocks ` +
      `that take ${STEP_MILLISECONDS} ms each to compute. For ${FIRST} a few steps are expected; a ` +
      `round of all would be ${
        STREAMS * STEP_MILLISECONDS
      } ms. The work done meanwhile is in the ` +
      `last column: more than ${1000 / STEP_MILLISECONDS} steps a second do not go.`,
    rows: [["runtime", "server", ...titles], ...rows],
  };
}
