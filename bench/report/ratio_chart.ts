/**
 * The chart: for each runtime and workload, the cost of each server as a multiple of the cost of the
 * runtime's own server, with a mark at the aim of our server.
 *
 * @module
 */

import { AIMS, moreIsBetter } from "../judging/aims.ts";
import { FIRST } from "../contenders.ts";
import { FIGURES } from "../measure/figures.ts";
import { mainFigure, type Result } from "../judging/summary.ts";
import { WORKLOADS } from "../workloads/workloads.ts";
import { type Bar, barChart, type BarGroup, type BarPanel } from "./bar_chart.ts";

/** The contender whose cost is 1. */
const BASE = "own";

/** Draws the results as SVG. */
export function ratioChart(results: readonly Result[]): string {
  const runtimes = [...new Set(results.map(({ runtime }) => runtime))];
  const panels = runtimes.map((runtime): BarPanel => ({
    title: runtime,
    groups: groupsOf(results.filter((result) => result.runtime === runtime)),
  }));
  return barChart({
    title: "Cost beside the runtime's own server (= 1): less is better",
    axis: "server CPU a request, time a MB, or memory a connection, divided by the own server's",
    first: FIRST,
    panels: panels.filter(({ groups }) => groups.length > 0),
  });
}

function groupsOf(results: readonly Result[]): BarGroup[] {
  const names = [...new Set(results.map(({ workload }) => workload))];
  return names.flatMap((name) => {
    const group = results.filter(({ workload }) => workload === name);
    const base = costOf(group.find(({ contender }) => contender === BASE));
    if (base === undefined) return [];
    const bars = group.flatMap((result): Bar[] => {
      const cost = costOf(result);
      if (cost === undefined) return [];
      return [{ label: result.contender, value: cost / base, note: noteOf(result) }];
    });
    const aim = aimOf(group[0] as Result);
    const title = WORKLOADS.find((workload) => workload.name === name)?.title ?? name;
    return [{ title, bars, ...(aim !== undefined && { aim }) }];
  });
}

/** The main figure; its inverse where more is better. */
function costOf(result: Result | undefined): number | undefined {
  if (result === undefined) return undefined;
  const value = result.figures[mainFigure(result.workload)]?.median;
  if (value === undefined || !(value > 0)) return undefined;
  return moreIsBetter(result.workload) ? 1 / value : value;
}

function noteOf({ workload, figures }: Result): string {
  const name = mainFigure(workload);
  const { title, digits } = FIGURES[name];
  return `${figures[name]?.median.toFixed(digits)} ${title}`;
}

function aimOf({ workload, runtime }: Result): number | undefined {
  const aim = AIMS.find((one) =>
    one.workload === workload && one.runtime === runtime && one.against === BASE
  );
  if (aim === undefined) return undefined;
  return moreIsBetter(workload) ? 1 / aim.ratio : aim.ratio;
}
