/** The workloads with our coroutines. */

import {
  AddCoro,
  Join,
  Queue,
  runtimeAdapter,
  Scheduler,
  Signal,
  Sleep,
  type Task,
  WaitForSignal,
} from "../../mod.ts";
import { start } from "../../src/coroutine/internal.ts";
import { type Contender, FAR_SECONDS, NAP_SECONDS } from "./contender.ts";

const { clock } = await runtimeAdapter();

function* nothing() {}

function* sleeper(seconds: number) {
  yield* Sleep(seconds);
}

function* waiter() {
  yield* WaitForSignal("go");
}

export const ours: Contender = {
  name: "ours",
  spawnAndJoin(count) {
    const scheduler = new Scheduler({ clock });
    return async () => {
      scheduler.add(function* () {
        for (let left = count; left > 0; left--) yield* Join(yield* AddCoro(nothing));
      });
      await scheduler.run();
    };
  },
  sleepAndWake(count) {
    const scheduler = new Scheduler({ clock });
    return async () => {
      for (let left = count; left > 0; left--) start(scheduler, sleeper, NAP_SECONDS);
      await scheduler.run();
    };
  },
  handOver(count) {
    const scheduler = new Scheduler({ clock });
    const queue = new Queue<number>(1);
    return async () => {
      scheduler.add(function* producer() {
        for (let left = count; left > 0; left--) yield* queue.put(left);
      });
      scheduler.add(function* consumer() {
        for (let left = count; left > 0; left--) yield* queue.get();
      });
      await scheduler.run();
    };
  },
  signal(count) {
    const scheduler = new Scheduler({ clock });
    for (let left = count; left > 0; left--) start(scheduler, waiter);
    return async () => {
      start(scheduler, function* () {
        yield* Signal("go");
      });
      await scheduler.run();
    };
  },
  cancelSleepers(count) {
    const scheduler = new Scheduler({ clock });
    const tasks: Task<void>[] = [];
    for (let left = count; left > 0; left--) tasks.push(start(scheduler, sleeper, FAR_SECONDS));
    return async () => {
      for (const task of tasks) task.cancel();
      await scheduler.run();
    };
  },
};
