/**
 * The report of the side-by-side run. Its tables, one for each runtime, are readable as plain text.
 *
 * @module
 */

import { FIRST } from "../contenders.ts";
import { judge, type Verdict } from "../judging/aims.ts";
import { FIGURE_NAMES, type FigureName, FIGURES } from "../measure/figures.ts";
import { align, spread } from "./table.ts";
import type { Spread } from "../judging/statistics.ts";
import { mainFigure, type Result } from "../judging/summary.ts";
import { WORKLOADS } from "../workloads/workloads.ts";
import { describeMethod, type RunDescription } from "./run.ts";

/** The report for the terminal. */
export function contenderText(run: RunDescription, results: readonly Result[]): string {
  return [...tables(run, results), ...aimSection(results), describeMethod(run)].join("\n\n");
}

/** The report as a Markdown file. */
export function contenderMarkdown(run: RunDescription, results: readonly Result[]): string {
  const title = "# Benchmark results";
  const date = `${run.date}: ${describeMethod(run)}`;
  return [title, date, ...tables(run, results), ...aimSection(results)].join("\n\n") + "\n";
}

/** Tables by runtime and by kind of figure: rows with the same figures share a table. */
function tables(run: RunDescription, results: readonly Result[]): string[] {
  const runtimes = [...new Set(results.map(({ runtime }) => runtime))];
  return runtimes.flatMap((runtime) => {
    const own = results.filter((result) => result.runtime === runtime);
    const kinds = [...new Set(own.map(columnsOf))];
    const parts = kinds.map((columns) =>
      resultTable(own.filter((result) => columnsOf(result) === columns), columns)
    );
    return [`## ${runtime} ${run.versions[runtime] ?? ""}`, ...parts];
  });
}

/** The names of the figures of a result, the main figure first. */
function columnsOf({ figures, workload }: Result): string {
  const names = FIGURE_NAMES.filter((name) => figures[name] !== undefined);
  const main = mainFigure(workload);
  return [main, ...names.filter((name) => name !== main)].join(" ");
}

function resultTable(results: readonly Result[], columns: string): string {
  const [main, ...rest] = columns.split(" ") as FigureName[] as [FigureName, ...FigureName[]];
  const restTitles = rest.map((name) => FIGURES[name].title);
  const header = [
    "workload",
    "server",
    FIGURES[main].title,
    "ours / it",
    "it / limit",
    ...restTitles,
  ];
  const rows = results.map(({ workload, contender, figures, oursToIt, itToLimit }) => [
    titleOf(workload),
    contender,
    ranged(figures[main], FIGURES[main].digits),
    ranged(oursToIt, 2),
    itToLimit === undefined ? "" : itToLimit.median.toFixed(2),
    ...rest.map((name) => figures[name]?.median.toFixed(FIGURES[name].digits) ?? ""),
  ]);
  return align([header, ...rows]);
}

function titleOf(workload: string): string {
  return WORKLOADS.find(({ name }) => name === workload)?.title ?? workload;
}

function ranged(value: Spread | undefined, digits: number): string {
  return value === undefined ? "" : spread(value, digits);
}

/** The verdicts on the aims that this run has measured. */
export function verdictsOf(results: readonly Result[]): Verdict[] {
  return judge(({ workload, runtime, contender, against }) => {
    const find = (name: string) =>
      results.find((result) =>
        result.workload === workload && result.runtime === runtime && result.contender === name
      );
    if (contender === FIRST) return find(against)?.oursToIt?.median;
    const main = mainFigure(workload);
    const [upper, lower] = [contender, against].map((name) => find(name)?.figures[main]?.median);
    return upper === undefined || lower === undefined ? undefined : upper / lower;
  });
}

function aimSection(results: readonly Result[]): string[] {
  const verdicts = verdictsOf(results);
  if (verdicts.length === 0) return [];
  const header = ["workload", "runtime", "server", "against", "aim", "reached", ""];
  const rows = verdicts.map(({ workload, runtime, contender, against, ratio, reached, met }) => [
    titleOf(workload),
    runtime,
    contender,
    against,
    `${FIGURES[mainFigure(workload)].better === "more" ? ">=" : "<="} ${ratio.toFixed(2)}`,
    // The ratio has three digits, because 0.996 does not meet an aim of 1.00.
    reached.toFixed(3),
    met ? "met" : "NOT MET",
  ]);
  const count = verdicts.filter(({ met }) => met).length;
  return [`## Aims: ${count} of ${verdicts.length} met`, align([header, ...rows])];
}
