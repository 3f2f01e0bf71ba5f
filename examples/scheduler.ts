/**
 * Coroutines without a server: three workers share a queue of jobs.
 *
 *     node --import tsx examples/scheduler.ts
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Coroutine, createScheduler, Queue, scope, Sleep } from "../mod.ts";

const WORKERS = 3;

/** Takes one job after the other, until the worker is cancelled. */
function* work(jobs: Queue<number>, results: number[]): Coroutine<void> {
  for (;;) {
    const job = yield* jobs.get();
    yield* Sleep({ milliseconds: 10 });
    results.push(job * job);
    jobs.taskDone();
  }
}

/** Gives the squares of numbers, in the order in which they are ready. */
export function* squares(numbers: readonly number[]): Coroutine<number[]> {
  const jobs = new Queue<number>();
  const results: number[] = [];
  yield* scope(function* (children) {
    for (let n = 0; n < WORKERS; n++) children.add(work, jobs, results);
    for (const number of numbers) yield* jobs.put(number);
    yield* jobs.join();
  }); // the scope cancels its children when it ends
  return results;
}

if (fileURLToPath(import.meta.url) === process.argv[1]) {
  const scheduler = await createScheduler();
  const task = scheduler.add(squares, [1, 2, 3, 4, 5, 6]);
  await scheduler.run();
  console.log(task.result);
}
