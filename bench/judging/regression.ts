/**
 * This file decides whether a workload has become slower. `--compare` calls it.
 *
 * @module
 */

import type { RuntimeName } from "../../tests/tools/runtimes.ts";
import { type FigureName, FIGURES, type Sample } from "../measure/figures.ts";
import type { Spread } from "./statistics.ts";
import { mainFigure, ratios } from "./summary.ts";

/** A median ratio below this counts as noise. */
export const MARGIN = 1.05;

/** One workload, with the present product and with the earlier one. */
export interface Change {
  readonly runtime: RuntimeName;
  readonly workload: string;
  readonly figure: FigureName;
  /** The cost now divided by the cost then: above 1 is worse, for every figure. */
  readonly cost: Spread;
  readonly worse: boolean;
}

/** Compares the samples of the contenders `now` and `then`, by workload and runtime. */
export function changesOf(samples: readonly Sample[]): Change[] {
  const keys = new Set(samples.map(({ runtime, workload }) => `${runtime} ${workload}`));
  return [...keys].flatMap((key) => {
    const group = samples.filter(({ runtime, workload }) => `${runtime} ${workload}` === key);
    const [first] = group;
    if (first === undefined) return [];
    const { runtime, workload } = first;
    const of = (name: string) => group.filter(({ contender }) => contender === name);
    const figure = mainFigure(workload);
    const [upper, lower] = FIGURES[figure].better === "less" ? ["now", "then"] : ["then", "now"];
    const cost = ratios(of(upper as string), of(lower as string), figure);
    return cost === undefined ? [] : [{ runtime, workload, figure, cost, worse: isWorse(cost) }];
  });
}

/** Whether costs have grown for certain: by more than the margin, and in every round. */
export function isWorse(cost: Spread): boolean {
  return cost.median > MARGIN && cost.min > 1;
}
