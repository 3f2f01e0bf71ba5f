/**
 * The aims of our server. An aim is the ratio of our main figure to another server's, as a median
 * of one run. For `fromFetch`, it is the ratio of two medians.
 *
 * @module
 */

import type { RuntimeName } from "../../tests/tools/runtimes.ts";
import { FAST_FETCH, FIRST, FLOOR, FROM_FETCH } from "../contenders.ts";
import { FIGURES, MAIN_FIGURE } from "../measure/figures.ts";
import { WORKLOADS } from "../workloads/workloads.ts";

export interface Aim {
  readonly workload: string;
  readonly runtime: RuntimeName;
  /** Our contender: the first one, or fetch handlers on our server. */
  readonly contender: string;
  /** The contender that it is compared with. */
  readonly against: string;
  /**
   * Our figure divided by the other server's: an upper bound, or a lower bound where more is
   * better.
   */
  readonly ratio: number;
}

/** The ratios for Node 20, Deno and Bun. */
type Ratios = readonly [node: number, deno: number, bun: number];

const EVERYWHERE: readonly RuntimeName[] = ["node", "currentNode", "deno", "bun"];

export const AIMS: readonly Aim[] = [
  ...onThree("hello", "own", [0.60, 1.10, 0.90]),
  ...onAll("hello", "limit", 1.15),
  ...onThree("browser", "own", [0.50, 1.10, 0.95]),
  ...onThree("x16", "own", [0.15, 0.30, 0.25]),
  ...onThree("stream", "own", [0.55, 0.50, 0.75]),
  ...onThree("post", "own", [0.55, 0.55, 0.80]),
  ...onAll("download100m", "own", 1.0),
  ...onThree("idle", "own", [0.7, 1.0, 1.0]),
  ...onAll("suspended", "own", 0.7),
  ...onAll("hello", FLOOR, 1.25, FROM_FETCH),
  ...onAll("hello", FLOOR, 1.25, FAST_FETCH),
];

function onThree(workload: string, against: string, ratios: Ratios): Aim[] {
  const runtimes = ["node", "deno", "bun"] as const;
  return runtimes.map((runtime, index) => ({
    workload,
    runtime,
    contender: FIRST,
    against,
    ratio: ratios[index] as number,
  }));
}

function onAll(workload: string, against: string, ratio: number, contender = FIRST): Aim[] {
  return EVERYWHERE.map((runtime) => ({ workload, runtime, contender, against, ratio }));
}

/** Whether more is better in a workload's main figure. */
export function moreIsBetter(workload: string): boolean {
  const kind = WORKLOADS.find(({ name }) => name === workload)?.kind;
  return kind !== undefined && FIGURES[MAIN_FIGURE[kind]].better === "more";
}

export interface Verdict extends Aim {
  /** The measured ratio: a median. */
  readonly reached: number;
  readonly met: boolean;
}

/**
 * Compares ratios with the aims.
 *
 * @param ratioOf Our figure divided by another's; `undefined` where it was not measured.
 */
export function judge(
  ratioOf: (aim: Aim) => number | undefined,
  aims: readonly Aim[] = AIMS,
): Verdict[] {
  return aims.flatMap((aim) => {
    const reached = ratioOf(aim);
    if (reached === undefined) return [];
    const met = moreIsBetter(aim.workload) ? reached >= aim.ratio : reached <= aim.ratio;
    return [{ ...aim, reached, met }];
  });
}
