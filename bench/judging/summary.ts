/**
 * This file summarizes the samples of several rounds.
 *
 * @module
 */

import type { RuntimeName } from "../../tests/tools/runtimes.ts";
import { FIRST, LIMIT } from "../contenders.ts";
import {
  FIGURE_NAMES,
  type FigureName,
  type Figures,
  MAIN_FIGURE,
  type Sample,
} from "../measure/figures.ts";
import { type Spread, spreadOf } from "./statistics.ts";
import { WORKLOADS } from "../workloads/workloads.ts";

/** The figures of one contender with one workload on one runtime. */
export interface Result {
  readonly workload: string;
  readonly runtime: RuntimeName;
  readonly contender: string;
  readonly figures: Readonly<Partial<Record<FigureName, Spread>>>;
  /** Our main figure divided by this contender's, round by round. */
  readonly oursToIt?: Spread;
  /** This contender's main figure divided by the limit's, round by round. */
  readonly itToLimit?: Spread;
}

/** The figure by which a workload's contenders are compared. */
export function mainFigure(workload: string): FigureName {
  const found = WORKLOADS.find(({ name }) => name === workload);
  if (found === undefined) throw new RangeError(`There is no workload called ${workload}`);
  return MAIN_FIGURE[found.kind];
}

/** Makes one result for each contender of each workload, in the order of the samples. */
export function summarize(samples: readonly Sample[]): Result[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = `${sample.workload} ${sample.runtime} ${sample.contender}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [sample]);
    else group.push(sample);
  }
  return [...groups.values()].map((group) => summarizeGroup(group, samples));
}

function summarizeGroup(group: readonly Sample[], all: readonly Sample[]): Result {
  const { workload, runtime, contender } = group[0] as Sample;
  const others = (name: string) =>
    all.filter((other) =>
      other.workload === workload && other.runtime === runtime && other.contender === name
    );
  const main = mainFigure(workload);
  const oursToIt = ratios(others(FIRST), group, main);
  const itToLimit = ratios(group, others(LIMIT), main);
  return {
    workload,
    runtime,
    contender,
    figures: spreads(group.map(({ figures }) => figures)),
    ...(contender !== FIRST && oursToIt && { oursToIt }),
    ...(contender !== LIMIT && itToLimit && { itToLimit }),
  };
}

function spreads(figures: readonly Figures[]): Result["figures"] {
  const entries = FIGURE_NAMES.flatMap((name) => {
    const values = figures.flatMap((figure) => figure[name] ?? []);
    return values.length === 0 ? [] : [[name, spreadOf(values)] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * Divides `upper` by `lower` in the rounds that both took part in; `undefined` if there is no such
 * round.
 */
export function ratios(
  upper: readonly Sample[],
  lower: readonly Sample[],
  figure: FigureName,
): Spread | undefined {
  const values = upper.flatMap(({ round, figures }) => {
    const other = lower.find((sample) => sample.round === round)?.figures[figure];
    const own = figures[figure];
    return own === undefined || other === undefined ? [] : [own / other];
  });
  return values.length === 0 ? undefined : spreadOf(values);
}
