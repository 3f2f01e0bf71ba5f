/**
 * This program measures the cost of our coroutines as their number grows, on the runtime that runs
 * it. It prints one line of JSON.
 *
 * @module
 */

import process from "node:process";
import { Join, Queue, runtimeAdapter, Scheduler, type Task } from "../../mod.ts";
import { start } from "../../src/coroutine/internal.ts";
import { time, type Work, type Workload } from "./contender.ts";
import { ours } from "./ours.ts";

/** The nanoseconds of an operation at each of {@linkcode SIZES}. */
export interface ScalingResult {
  readonly workload: string;
  readonly costs: readonly number[];
}

/** The numbers of coroutines that exist at the same time. */
export const SIZES = [10, 100, 1_000, 10_000, 100_000, 1_000_000] as const;

/** The least number of operations that are timed. */
const OPERATIONS = 100_000;

const { clock } = await runtimeAdapter();

function* nothing() {}

function spawnAllJoinAll(count: number): Work {
  const scheduler = new Scheduler({ clock });
  return async () => {
    scheduler.add(function* () {
      const tasks: Task<void>[] = [];
      for (let left = count; left > 0; left--) tasks.push(scheduler.add(nothing));
      for (const task of tasks) yield* Join(task);
    });
    await scheduler.run();
  };
}

/** Prepares coroutines that wait for an item each. The work puts the items. */
function handToEach(count: number): Work {
  const scheduler = new Scheduler({ clock });
  const queue = new Queue<number>(1);
  const consume = function* () {
    yield* queue.get();
  };
  for (let left = count; left > 0; left--) start(scheduler, consume);
  return async () => {
    scheduler.add(function* () {
      for (let left = count; left > 0; left--) yield* queue.put(left);
    });
    await scheduler.run();
  };
}

const WORKLOADS: readonly (readonly [name: string, workload: Workload])[] = [
  ["spawn all, join all", spawnAllJoinAll],
  ["sleep and wake", ours.sleepAndWake],
  ["queue hand-over to each", handToEach],
  ["signal to all", ours.signal],
  ["cancel all sleepers", ours.cancelSleepers],
];

const results: ScalingResult[] = [];
for (const [workload, work] of WORKLOADS) {
  const costs: number[] = [];
  for (const size of SIZES) {
    const repeats = Math.max(1, OPERATIONS / size);
    await time(work, size, repeats);
    costs.push(await time(work, size, repeats));
  }
  results.push({ workload, costs });
}
console.log(JSON.stringify(results));
process.exit();
