/**
 * What the coroutine kernel's operations cost on the runtime that runs this, each beside the same
 * done with bare promises. Prints one line of JSON.
 */

import process from "node:process";
import {
  AddCoro,
  Join,
  runtimeAdapter,
  Scheduler,
  Signal,
  Sleep,
  type Task,
  WaitForSignal,
} from "../../mod.ts";
import { type Spread, spreadOf } from "../statistics.ts";

/** How one operation did: nanoseconds, or bytes, an operation. */
export interface CostResult {
  readonly name: string;
  readonly unit: "ns" | "bytes";
  readonly ours: Spread;
  readonly bare: Spread;
  /** Ours divided by bare, round by round. */
  readonly ratio: Spread;
}

interface Cost {
  readonly name: string;
  readonly unit: "ns" | "bytes";
  ours(): Promise<number>;
  bare(): Promise<number>;
}

const ROUNDS = 5;
const MANY = 100_000;
/** Long enough that no timer fires while it is measured. */
const FAR_SECONDS = 600;

const { clock } = await runtimeAdapter();

function* nothing() {}

function* sleeper(seconds: number) {
  yield* Sleep(seconds);
}

function* waiter() {
  yield* WaitForSignal("go");
}

async function timed(count: number, work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) * 1e6 / count;
}

function spawnAndJoin(): Cost {
  return {
    name: "spawn and join",
    unit: "ns",
    ours: () =>
      timed(MANY, async () => {
        const scheduler = new Scheduler({ clock });
        scheduler.add(function* () {
          for (let left = MANY; left > 0; left--) yield* Join(yield* AddCoro(nothing));
        });
        await scheduler.run();
      }),
    bare: () =>
      timed(MANY, async () => {
        const task = async () => {};
        for (let left = MANY; left > 0; left--) await task();
      }),
  };
}

function sleepAndWake(): Cost {
  return {
    name: "sleep and wake, 100,000 at once",
    unit: "ns",
    ours: () =>
      timed(MANY, async () => {
        const scheduler = new Scheduler({ clock });
        for (let left = MANY; left > 0; left--) scheduler.start(sleeper, 0.001);
        await scheduler.run();
      }),
    bare: () =>
      timed(MANY, async () => {
        const sleep = async () => {
          await new Promise((resolve) => setTimeout(resolve, 1));
        };
        await Promise.all(Array.from({ length: MANY }, sleep));
      }),
  };
}

/** Only the waking is timed, from the signal until the last waiter has ended. */
function fanOut(waiters: number): Cost {
  const repeats = Math.max(1, MANY / waiters);
  return {
    name: `signal to ${waiters.toLocaleString("en")}`,
    unit: "ns",
    ours: () => repeated(repeats, () => oursFanOut(waiters)),
    bare: () => repeated(repeats, () => bareFanOut(waiters)),
  };
}

async function oursFanOut(waiters: number): Promise<number> {
  const scheduler = new Scheduler({ clock });
  for (let left = waiters; left > 0; left--) scheduler.start(waiter);
  return await timed(waiters, async () => {
    scheduler.start(function* () {
      yield* Signal("go");
    });
    await scheduler.run();
  });
}

async function bareFanOut(waiters: number): Promise<number> {
  let signal = () => {};
  const signalled = new Promise<void>((resolve) => signal = resolve);
  const wait = async () => await signalled;
  const all = Array.from({ length: waiters }, wait);
  return await timed(waiters, async () => {
    signal();
    await Promise.all(all);
  });
}

async function repeated(times: number, work: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let left = times; left > 0; left--) total += await work();
  return total / times;
}

function cancelTimers(): Cost {
  return {
    name: "cancel 100,000 sleepers",
    unit: "ns",
    ours: async () => {
      const scheduler = new Scheduler({ clock });
      const tasks: Task<void>[] = [];
      for (let left = MANY; left > 0; left--) tasks.push(scheduler.start(sleeper, FAR_SECONDS));
      return await timed(MANY, async () => {
        for (const task of tasks) task.cancel();
        await scheduler.run();
      });
    },
    bare: async () => {
      const cancels: (() => void)[] = [];
      const sleep = async () => {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, FAR_SECONDS * 1000);
          cancels.push(() => {
            clearTimeout(timer);
            resolve();
          });
        });
      };
      const all = Array.from({ length: MANY }, sleep);
      return await timed(MANY, async () => {
        for (const cancel of cancels) cancel();
        await Promise.all(all);
      });
    },
  };
}

function memory(): Cost {
  return {
    name: "memory, suspended",
    unit: "bytes",
    ours: async () => {
      const before = heapInUse();
      const scheduler = new Scheduler({ clock });
      for (let left = MANY; left > 0; left--) scheduler.start(waiter);
      const used = heapInUse() - before;
      scheduler.start(function* () {
        yield* Signal("go");
      });
      await scheduler.run();
      return used / MANY;
    },
    bare: async () => {
      const before = heapInUse();
      let signal = () => {};
      const signalled = new Promise<void>((resolve) => signal = resolve);
      const wait = async () => await signalled;
      for (let left = MANY; left > 0; left--) void wait();
      const used = heapInUse() - before;
      signal();
      await signalled;
      return used / MANY;
    },
  };
}

function heapInUse(): number {
  const host = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
  host.gc?.();
  host.Bun?.gc(true);
  return process.memoryUsage().heapUsed;
}

async function measureCost({ name, unit, ours, bare }: Cost): Promise<CostResult> {
  const rounds: { readonly ours: number; readonly bare: number }[] = [];
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    const figures = { ours: await ours(), bare: await bare() };
    if (round > 0) rounds.push(figures);
  }
  return {
    name,
    unit,
    ours: spreadOf(rounds.map((figures) => figures.ours)),
    bare: spreadOf(rounds.map((figures) => figures.bare)),
    ratio: spreadOf(rounds.map((figures) => figures.ours / figures.bare)),
  };
}

const costs = [
  spawnAndJoin(),
  sleepAndWake(),
  fanOut(1),
  fanOut(1_000),
  fanOut(MANY),
  cancelTimers(),
  memory(),
];
const results: CostResult[] = [];
for (const cost of costs) results.push(await measureCost(cost));
console.log(JSON.stringify(results));
process.exit();
