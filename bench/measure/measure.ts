/**
 * Times contenders on one runtime: all servers of a workload run at once, each gets the load in turn,
 * round after round (A B C A B C ...), so that whatever else the machine does meets them alike.
 *
 * @module
 */

import type { Runtime } from "../../tests/support/runtimes.ts";
import { checkAnswers, WrongAnswer } from "../answers.ts";
import type { Contender } from "../contenders.ts";
import { launchOf, type ServerPlace } from "../launch.ts";
import { type ServerProcess, startServer } from "../server_process.ts";
import type { Workload } from "../workloads.ts";
import type { Figures, Sample } from "./figures.ts";
import { type ClientPlace, KINDS } from "./trial.ts";

/** Who serves what from where. */
export interface Entrant {
  readonly contender: Contender;
  readonly place: ServerPlace;
}

export interface MeasureOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly place: ClientPlace;
}

/** After this many requests a server is warm. */
const WARM_REQUESTS = 30_000;
/** How often the load may be repeated to get there. */
const WARM_UP_TURNS = 3;
/** Of thousands of connections: they take seconds, and their figures vary little. */
const MOST_FRESH_ROUNDS = 3;

interface Runner {
  readonly name: string;
  /** Whether it takes part in a round. */
  runs(round: number): boolean;
  start(): Promise<ServerProcess>;
}

/**
 * Measures every entrant with one workload.
 *
 * @throws {WrongAnswer} Before anything is timed, when one does not answer as it has to.
 */
export async function measureWorkload(
  runtime: Runtime,
  entrants: readonly Entrant[],
  workload: Workload,
  options: MeasureOptions,
): Promise<Sample[]> {
  const runners = entrants.map((entrant) => runnerOf(entrant, runtime, workload));
  const rounds = KINDS[workload.kind].fresh
    ? await freshRounds(runners, workload, options)
    : await warmRounds(runners, workload, options);
  return rounds.map((sample) => ({ ...sample, workload: workload.name, runtime: runtime.name }));
}

function runnerOf({ contender, place }: Entrant, runtime: Runtime, workload: Workload): Runner {
  const name = `${contender.name} on ${runtime.name}`;
  return {
    name: contender.name,
    // Peers are for orientation: every second round does.
    runs: (round) => contender.rank === "core" || round % 2 === 0,
    async start() {
      const server = await startServer(await launchOf(contender, runtime, workload.app, place));
      try {
        await expectAnswers(server.port, workload, name);
        return server;
      } catch (error) {
        await server.stop();
        throw error;
      }
    },
  };
}

async function expectAnswers(port: number, workload: Workload, who: string): Promise<void> {
  try {
    await checkAnswers(port, workload);
  } catch (error) {
    if (!(error instanceof WrongAnswer)) throw error;
    throw new WrongAnswer(`${who} answers "${workload.name}" differently: ${error.message}`);
  }
}

type RoundSample = Omit<Sample, "workload" | "runtime">;

/** Each round starts every server anew. */
async function freshRounds(
  runners: readonly Runner[],
  workload: Workload,
  { rounds, seconds, place }: MeasureOptions,
): Promise<RoundSample[]> {
  const samples: RoundSample[] = [];
  for (let round = 0; round < Math.min(rounds, MOST_FRESH_ROUNDS); round++) {
    for (const runner of runners.filter((one) => one.runs(round))) {
      const server = await runner.start();
      try {
        const trial = { server, workload, place, seconds };
        const figures = await named(runner, KINDS[workload.kind].measure(trial));
        samples.push({ contender: runner.name, round, figures });
      } finally {
        await server.stop();
      }
    }
  }
  return samples;
}

async function warmRounds(
  runners: readonly Runner[],
  workload: Workload,
  options: MeasureOptions,
): Promise<RoundSample[]> {
  const servers: ServerProcess[] = [];
  const { seconds, place } = options;
  const measure = (server: ServerProcess): Promise<Figures> =>
    KINDS[workload.kind].measure({ server, workload, place, seconds });
  try {
    for (const runner of runners) servers.push(await runner.start());
    for (const [index, server] of servers.entries()) {
      await named(runners[index], warmUp(server, workload, options));
    }
    const samples: RoundSample[] = [];
    for (let round = 0; round < options.rounds; round++) {
      for (const [index, runner] of runners.entries()) {
        if (!runner.runs(round)) continue;
        const figures = await named(runner, measure(servers[index] as ServerProcess));
        samples.push({ contender: runner.name, round, figures });
      }
    }
    return samples;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Says whose measurement failed. */
async function named<Value>(runner: Runner | undefined, measured: Promise<Value>): Promise<Value> {
  try {
    return await measured;
  } catch (error) {
    throw new Error(`${runner?.name}: ${(error as Error).message}`);
  }
}

/** Lets the compilers see enough; on a busy machine one turn may be too few requests for that. */
async function warmUp(
  server: ServerProcess,
  workload: Workload,
  { place, seconds }: MeasureOptions,
): Promise<void> {
  if (workload.kind !== "load") {
    await KINDS[workload.kind].measure({ server, workload, place, seconds: seconds / 2 });
    return;
  }
  let requests = 0;
  for (let turn = 0; turn < WARM_UP_TURNS && requests < WARM_REQUESTS; turn++) {
    const target = { ...workload, port: server.port };
    requests += (await place.load.run(target, seconds)).requests;
  }
}
