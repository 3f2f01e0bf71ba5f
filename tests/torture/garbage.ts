/**
 * The collection of garbage on demand.
 *
 * @module
 */

import process from "node:process";

/** Gives the function that collects garbage; `undefined` if the runtime has none. */
export async function collector(): Promise<(() => void) | undefined> {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("globalThis.gc") as (() => void) | undefined;
}

/** Collects garbage several times, so that finalizers and weak references follow. */
export async function collect(): Promise<boolean> {
  const run = await collector();
  for (let round = 0; run !== undefined && round < 4; round++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    run();
  }
  return run !== undefined;
}

/** Counts the objects that are still in memory. */
export function countAlive(references: readonly WeakRef<object>[]): number {
  return references.filter((reference) => reference.deref() !== undefined).length;
}

/**
 * Collects garbage until none of the objects is in memory, at most 50 times: a runtime that searches the stack for
 * references may find one by chance for a while.
 *
 * @returns The number of objects that are still in memory.
 */
export async function collectUntilGone(references: readonly WeakRef<object>[]): Promise<number> {
  for (let tries = 0; tries < 50 && countAlive(references) > 0; tries++) await collect();
  return countAlive(references);
}

/** The bytes of all living objects and arrays, as far as the runtime tells. */
export function heapBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
