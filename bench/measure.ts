/**
 * Times the contenders on one runtime: all servers run at once, each gets the load in turn, round
 * after round (A B C A B C ...), so that whatever else the machine does meets them alike.
 *
 * @module
 */

import type { Runtime } from "../tests/support/runtimes.ts";
import { checkAnswers, WrongAnswer } from "./answers.ts";
import type { ProgramPath } from "./compile.ts";
import { CONTENDERS } from "./contenders.ts";
import type { Load } from "./load/load.ts";
import { type ServerProcess, startServer } from "./server_process.ts";
import { type Spread, spreadOf } from "./statistics.ts";
import { type Workload, WORKLOADS } from "./workloads.ts";

export interface MeasureOptions {
  readonly load: Load;
  readonly rounds: number;
  /** How long the load lasts each time. */
  readonly seconds: number;
  /** What to put before a server's command line. */
  readonly pinning: readonly string[];
  readonly path: ProgramPath;
}

/** How one contender did with one workload. */
export interface Result {
  readonly workload: string;
  readonly runtime: string;
  readonly contender: string;
  /** Server CPU time in microseconds, user and system. */
  readonly cpuPerRequest: Spread;
  readonly requestsPerSecond: Spread;
  /** CPU time a request of the first contender, divided by this one's, round by round. */
  readonly firstRatio: Spread;
}

/** After this many requests a server is warm. */
const WARM_REQUESTS = 30_000;
/** How often the load may be repeated to get there. */
const WARM_UP_TURNS = 2;

interface Entrant {
  readonly name: string;
  readonly server: ServerProcess;
}

interface Figures {
  readonly cpuPerRequest: number;
  readonly requestsPerSecond: number;
}

/** Measures every contender with every workload on `runtime`. */
export async function measure(runtime: Runtime, options: MeasureOptions): Promise<Result[]> {
  const entrants: Entrant[] = [];
  try {
    for (const { name, programs } of CONTENDERS) {
      const program = options.path(`servers/${programs[runtime.name]}`);
      entrants.push({ name, server: await startServer(runtime, program, options.pinning) });
    }
    const results: Result[] = [];
    for (const workload of WORKLOADS) {
      results.push(...await measureWorkload(runtime, entrants, workload, options));
    }
    return results;
  } finally {
    await Promise.all(entrants.map(({ server }) => server.stop()));
  }
}

async function measureWorkload(
  runtime: Runtime,
  entrants: readonly Entrant[],
  workload: Workload,
  options: MeasureOptions,
): Promise<Result[]> {
  for (const { name, server } of entrants) {
    await expectAnswers(server.port, workload, `${name} on ${runtime.name}`);
  }
  for (const { server } of entrants) await warmUp(server, workload, options);
  const rounds: Figures[][] = [];
  for (let round = 0; round < options.rounds; round++) {
    const figures: Figures[] = [];
    for (const { server } of entrants) figures.push(await time(server, workload, options));
    rounds.push(figures);
  }
  return entrants.map(({ name }, index) => ({
    workload: workload.name,
    runtime: `${runtime.name} ${runtime.version}`,
    contender: name,
    ...summarize(rounds, index),
  }));
}

async function expectAnswers(port: number, workload: Workload, who: string): Promise<void> {
  try {
    await checkAnswers(port, workload);
  } catch (error) {
    if (!(error instanceof WrongAnswer)) throw error;
    throw new WrongAnswer(`${who} answers "${workload.name}" differently: ${error.message}`);
  }
}

/** Lets the compilers see enough; on a busy machine one turn may be too few requests for that. */
async function warmUp(
  { port }: ServerProcess,
  workload: Workload,
  { load, seconds }: MeasureOptions,
): Promise<void> {
  let requests = 0;
  for (let turn = 0; turn < WARM_UP_TURNS && requests < WARM_REQUESTS; turn++) {
    requests += (await load.run({ port, workload }, seconds)).requests;
  }
}

async function time(
  server: ServerProcess,
  workload: Workload,
  { load, seconds }: MeasureOptions,
): Promise<Figures> {
  const before = await server.cpuTime();
  const figures = await load.run({ port: server.port, workload }, seconds);
  const used = await server.cpuTime() - before;
  return {
    cpuPerRequest: used / figures.requests,
    requestsPerSecond: figures.requests / figures.seconds,
  };
}

type Summary = Pick<Result, "cpuPerRequest" | "requestsPerSecond" | "firstRatio">;

function summarize(rounds: readonly (readonly Figures[])[], index: number): Summary {
  const over = (value: (figures: Figures, first: Figures) => number) =>
    spreadOf(rounds.map((round) => value(round[index] as Figures, round[0] as Figures)));
  return {
    cpuPerRequest: over(({ cpuPerRequest }) => cpuPerRequest),
    requestsPerSecond: over(({ requestsPerSecond }) => requestsPerSecond),
    firstRatio: over(({ cpuPerRequest }, first) => first.cpuPerRequest / cpuPerRequest),
  };
}
