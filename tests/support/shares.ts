/**
 * The repeated work of tests, divided among the runtimes.
 *
 * A law holds for random inputs, and a message of the corpus for each of its splits. The code under test is
 * the same on each runtime, so `npm test` divides such work: `run_tests.ts` gives each runtime its share by
 * the variable `SHARE`, such as `2/4`. The random inputs of the shares differ, and each split is in one share.
 * A test that is run by itself does all the work. `LAW_RUNS=1` has all of it done on each runtime, and
 * `LAW_RUNS=20` gives each law 20 times as many inputs.
 *
 * @module
 */

import fc from "fast-check";
import process from "node:process";

const FACTOR = process.env["LAW_RUNS"];
const [PLACE = 0, SHARES = 1] = (FACTOR === undefined ? process.env["SHARE"] ?? "0/1" : "0/1")
  .split("/").map(Number);

/** The number of runs of this process, if there are `all` of them in all shares together. */
export function runsOf(all: number): number {
  return Math.ceil(all * Number(FACTOR ?? 1) / SHARES);
}

/** A seed of this share, for a test that needs random numbers which can be repeated. */
export function seedOf(seed: number): number {
  return seed + PLACE;
}

/** Whether this share has the work at `index`, of equal works in a row. */
export function isMine(index: number): boolean {
  return index % SHARES === PLACE;
}

/** The size of a crowd in a test: `all` of it in one share, and a tenth of it in the others. */
export function crowdOf(all: number): number {
  return PLACE === 0 ? all : all / 10;
}

/** Checks a property for random inputs: `all` of them in all shares together. */
export function assertLaw<T>(property: fc.IAsyncProperty<T>, all?: number): Promise<void>;
export function assertLaw<T>(property: fc.IProperty<T>, all?: number): void;
export function assertLaw<T>(
  property: fc.IAsyncProperty<T> | fc.IProperty<T>,
  all = 100,
): Promise<void> | void {
  return fc.assert(property as fc.IAsyncProperty<T>, { numRuns: runsOf(all) });
}
