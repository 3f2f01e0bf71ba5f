/**
 * This program measures our coroutines beside those of other libraries, on the runtime that runs
 * it. It prints one line of JSON.
 *
 * @module
 */

import process from "node:process";
import { type Spread, spreadOf } from "../judging/statistics.ts";
import { type Contender, time, type Workload } from "./contender.ts";
import { effect } from "./effect.ts";
import { effection } from "./effection.ts";
import { ours } from "./ours.ts";
import { promises } from "./promises.ts";

/** The cost of one operation with one library, in nanoseconds or bytes. */
export interface CostResult {
  readonly workload: string;
  readonly contender: string;
  readonly unit: "ns" | "bytes";
  readonly cost: Spread;
  /** Our cost divided by this library's, round by round. */
  readonly ratio: Spread;
}

interface Work {
  readonly name: string;
  readonly key: Exclude<keyof Contender, "name">;
  readonly count: number;
  /** Repetitions in a round, for work that is too short to be timed. */
  readonly repeats: number;
}

const ROUNDS = 5;
const MANY = 100_000;
const CONTENDERS = [ours, promises, effection, effect] as const;

const WORKS: readonly Work[] = [
  { name: "spawn and join", key: "spawnAndJoin", count: MANY, repeats: 1 },
  { name: "sleep and wake, 100,000 at once", key: "sleepAndWake", count: MANY, repeats: 1 },
  { name: "queue hand-over", key: "handOver", count: MANY, repeats: 1 },
  { name: "signal to 1", key: "signal", count: 1, repeats: 1_000 },
  { name: "signal to 1,000", key: "signal", count: 1_000, repeats: 10 },
  { name: "signal to 100,000", key: "signal", count: MANY, repeats: 1 },
  { name: "cancel 100,000 sleepers", key: "cancelSleepers", count: MANY, repeats: 1 },
];

/** Gives the bytes of heap for each coroutine that waits for a signal. */
async function memory({ signal, most = MANY }: Contender): Promise<number> {
  const before = heapInUse();
  const work = await signal(most);
  const used = heapInUse() - before;
  await work();
  return used / most;
}

function heapInUse(): number {
  const host = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
  host.gc?.();
  host.Bun?.gc(true);
  return process.memoryUsage().heapUsed;
}

type Measure = (contender: Contender) => Promise<number>;

async function compare(
  workload: string,
  unit: CostResult["unit"],
  measure: Measure,
): Promise<CostResult[]> {
  const rounds: number[][] = [];
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    const figures: number[] = [];
    for (const contender of CONTENDERS) figures.push(await measure(contender));
    if (round > 0) rounds.push(figures);
  }
  return CONTENDERS.map(({ name }, index) => ({
    workload,
    contender: name,
    unit,
    cost: spreadOf(rounds.map((figures) => figures[index] as number)),
    ratio: spreadOf(rounds.map((figures) => (figures[0] as number) / (figures[index] as number))),
  }));
}

async function compareAll(): Promise<CostResult[]> {
  const results: CostResult[] = [];
  for (const { name, key, count, repeats } of WORKS) {
    const measure = (contender: Contender) =>
      time(contender[key] as Workload, Math.min(count, contender.most ?? count), repeats);
    results.push(...await compare(name, "ns", measure));
  }
  results.push(...await compare("memory, suspended", "bytes", memory));
  return results;
}

console.log(JSON.stringify(await compareAll()));
process.exit();
