/** The workloads with Effection, which has structured concurrency with generators, too. */

import {
  createQueue,
  type Operation,
  run,
  sleep,
  spawn,
  type Task,
  withResolvers,
} from "effection";
import { type Contender, FAR_SECONDS, NAP_SECONDS } from "./contender.ts";

function* nothing(): Operation<void> {}

function* sleeper(seconds: number): Operation<void> {
  yield* sleep(seconds * 1000);
}

/** Prepares inside a task, because Effection spawns only there. The task goes on later. */
async function prepared(
  prepare: () => Operation<() => Operation<void>>,
): Promise<() => Promise<void>> {
  const go = withResolvers<void>();
  let ended: Promise<void> | undefined;
  await new Promise<void>((resolve) => {
    ended = run(function* () {
      const work = yield* prepare();
      resolve();
      yield* go.operation;
      yield* work();
    });
  });
  return async () => {
    go.resolve();
    await ended;
  };
}

function* spawnMany(count: number, fn: () => Operation<void>): Operation<Task<void>[]> {
  const tasks: Task<void>[] = [];
  for (let left = count; left > 0; left--) tasks.push(yield* spawn(fn));
  // The children begin only when their parent waits.
  yield* sleep(0);
  return tasks;
}

function* joinAll(tasks: readonly Task<void>[]): Operation<void> {
  for (const task of tasks) yield* task;
}

export const effection: Contender = {
  name: "effection",
  most: 5_000,
  spawnAndJoin(count) {
    return async () => {
      await run(function* () {
        for (let left = count; left > 0; left--) yield* yield* spawn(nothing);
      });
    };
  },
  sleepAndWake(count) {
    return async () => {
      await run(function* () {
        yield* joinAll(yield* spawnMany(count, () => sleeper(NAP_SECONDS)));
      });
    };
  },
  /** Effection's queue holds any number of items, so a second queue tells that there is room. */
  handOver(count) {
    const items = createQueue<number, void>();
    const room = createQueue<void, void>();
    return async () => {
      await run(function* () {
        const producer = yield* spawn(function* () {
          for (let left = count; left > 0; left--) {
            items.add(left);
            yield* room.next();
          }
        });
        for (let left = count; left > 0; left--) {
          yield* items.next();
          room.add();
        }
        yield* producer;
      });
    };
  },
  async signal(count) {
    const signal = withResolvers<void>();
    return await prepared(function* () {
      const tasks = yield* spawnMany(count, function* () {
        yield* signal.operation;
      });
      return function* () {
        signal.resolve();
        yield* joinAll(tasks);
      };
    });
  },
  async cancelSleepers(count) {
    return await prepared(function* () {
      const tasks = yield* spawnMany(count, () => sleeper(FAR_SECONDS));
      return function* () {
        const halts = tasks.map((task) => task.halt());
        for (const halt of halts) yield* halt;
      };
    });
  },
};
