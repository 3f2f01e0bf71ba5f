/**
 * This file times contenders on one runtime. All servers of a workload run at the same time, and
 * each gets the load in turn, round after round (A B C A B C ...). So other load of the machine
 * slows all of them equally.
 *
 * @module
 */

import type { Runtime } from "../../tests/tools/runtimes.ts";
import { checkAnswers, WrongAnswer } from "../workloads/answers.ts";
import { launchOf } from "../processes/launch.ts";
import { type ServerProcess, startServer } from "../processes/server_process.ts";
import type { Workload } from "../workloads/workloads.ts";
import type { Sample } from "./figures.ts";
import type { Pace } from "./pace.ts";
import type { Entrant, ServerPool } from "./server_pool.ts";
import { KINDS } from "./kinds.ts";
import type { ClientPlace } from "./trial.ts";

export interface MeasureOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly place: ClientPlace;
  /** The servers that the workloads of one app share. */
  readonly pool: ServerPool;
  /** Tells whether the run is late. In a late run all rounds except the first are left out. */
  readonly pace?: Pace;
}

/**
 * A server is warm after this many requests, or after the time of two rounds and these seconds. A fetch handler on
 * Node needs two seconds, in which a request costs three times as much as later.
 */
const WARM_REQUESTS = 60_000;
const WARM_ROUNDS = 2;
const MORE_WARM_SECONDS = 2;
/** The time of a warm server with a new workload before it is measured. */
const NEW_WORKLOAD_SECONDS = 0.2;
/**
 * The largest number of rounds with thousands of connections. These take seconds, and their figures
 * vary little.
 */
const MOST_FRESH_ROUNDS = 2;
/** The least number of rounds for a median. */
const LEAST_ROUNDS = 3;

type RoundSample = Omit<Sample, "workload" | "runtime">;

/**
 * Measures every entrant with one workload.
 *
 * @throws {WrongAnswer} Before anything is timed, if a server gives a wrong answer.
 */
export async function measureWorkload(
  runtime: Runtime,
  entrants: readonly Entrant[],
  workload: Workload,
  options: MeasureOptions,
): Promise<Sample[]> {
  const rounds = KINDS[workload.kind].fresh
    ? await freshRounds(runtime, entrants, workload, options)
    : await warmRounds(entrants, workload, options);
  return rounds.map((sample) => ({ ...sample, workload: workload.name, runtime: runtime.name }));
}

/** Measures with new servers in each round. */
async function freshRounds(
  runtime: Runtime,
  entrants: readonly Entrant[],
  workload: Workload,
  { rounds, seconds, place, pace }: MeasureOptions,
): Promise<RoundSample[]> {
  const samples: RoundSample[] = [];
  for (let round = 0; round < Math.min(rounds, MOST_FRESH_ROUNDS); round++) {
    if (round > 0 && pace?.isLate) break;
    for (const entrant of entrants.filter((one) => takesPart(one, round))) {
      const { contender } = entrant;
      const launch = await launchOf(contender, runtime, workload.app, entrant.place);
      const server = await startServer(launch);
      try {
        const figures = await named(entrant, async () => {
          await checkAnswers(server.port, workload);
          return await KINDS[workload.kind].measure({ server, workload, place, seconds });
        });
        samples.push({ contender: contender.name, round, figures });
      } finally {
        await server.stop();
      }
    }
  }
  return samples;
}

async function warmRounds(
  entrants: readonly Entrant[],
  workload: Workload,
  { rounds, seconds, place, pool, pace }: MeasureOptions,
): Promise<RoundSample[]> {
  const servers = new Map<Entrant, ServerProcess>();
  for (const entrant of entrants) {
    const { server, isNew } = await pool.take(entrant, workload.app);
    servers.set(entrant, server);
    await named(entrant, () => checkAnswers(server.port, workload));
    const most = isNew ? WARM_ROUNDS * seconds : NEW_WORKLOAD_SECONDS;
    await named(entrant, () => warmUp(server, workload, place, most, isNew));
  }
  const samples: RoundSample[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round >= LEAST_ROUNDS && pace?.isLate) break;
    for (const [entrant, server] of servers) {
      if (!takesPart(entrant, round)) continue;
      const trial = { server, workload, place, seconds };
      const figures = await named(entrant, () => KINDS[workload.kind].measure(trial));
      samples.push({ contender: entrant.contender.name, round, figures });
    }
  }
  return samples;
}

/**
 * Whether an entrant takes part in a round. Peers are only for orientation, so every third round is
 * enough.
 */
function takesPart({ contender }: Entrant, round: number): boolean {
  return contender.rank === "core" || round % 3 === 0;
}

/** Adds the name of the contender to an error. */
async function named<Value>({ contender }: Entrant, act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    const message = `${contender.name}: ${(error as Error).message}`;
    throw error instanceof WrongAnswer ? new WrongAnswer(message) : new Error(message);
  }
}

/** Warms a server up, so that its code is compiled. The time bounds it on a busy machine. */
async function warmUp(
  server: ServerProcess,
  workload: Workload,
  place: ClientPlace,
  most: number,
  isNew: boolean,
): Promise<void> {
  if (workload.kind !== "load") {
    await KINDS[workload.kind].measure({ server, workload, place, seconds: most });
    return;
  }
  const target = { ...workload, port: server.port };
  const { requests, seconds } = await place.load.run(target, most);
  if (!isNew || requests >= WARM_REQUESTS) return;
  // A server that becomes faster gets more requests in this time than it lacks.
  const left = (WARM_REQUESTS - requests) / (requests + 1) * seconds;
  await place.load.run(target, Math.min(left, MORE_WARM_SECONDS));
}
