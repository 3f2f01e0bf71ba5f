/** The workloads with Effect's fibers. */

import { Deferred, Effect, Fiber, Queue } from "effect";
import { type Contender, FAR_SECONDS, NAP_SECONDS } from "./contender.ts";

/** Forks `count` fibers, and lets them begin. */
function forkMany(count: number, effect: Effect.Effect<void>): Promise<Fiber.Fiber<void>[]> {
  return Effect.runPromise(Effect.gen(function* () {
    const fibers: Fiber.Fiber<void>[] = [];
    for (let left = count; left > 0; left--) fibers.push(yield* Effect.forkDetach(effect));
    yield* Effect.sleep(0);
    return fibers;
  }));
}

export const effect: Contender = {
  name: "effect",
  spawnAndJoin(count) {
    const work = Effect.gen(function* () {
      for (let left = count; left > 0; left--) {
        yield* Fiber.join(yield* Effect.forkChild(Effect.void));
      }
    });
    return () => Effect.runPromise(work);
  },
  sleepAndWake(count) {
    const sleeper = Effect.sleep(NAP_SECONDS * 1000);
    return async () => {
      const fibers = await forkMany(count, sleeper);
      await Effect.runPromise(Fiber.joinAll(fibers));
    };
  },
  handOver(count) {
    const work = Effect.gen(function* () {
      const queue = yield* Queue.bounded<number>(1);
      const producer = yield* Effect.forkChild(Effect.gen(function* () {
        for (let left = count; left > 0; left--) yield* Queue.offer(queue, left);
      }));
      for (let left = count; left > 0; left--) yield* Queue.take(queue);
      yield* Fiber.join(producer);
    });
    return () => Effect.runPromise(work);
  },
  async signal(count) {
    const signal = Deferred.makeUnsafe<void>();
    const fibers = await forkMany(count, Deferred.await(signal));
    return async () => {
      Deferred.doneUnsafe(signal, Effect.void);
      await Effect.runPromise(Fiber.joinAll(fibers));
    };
  },
  async cancelSleepers(count) {
    const fibers = await forkMany(count, Effect.sleep(FAR_SECONDS * 1000));
    return () => Effect.runPromise(Fiber.interruptAll(fibers));
  },
};
