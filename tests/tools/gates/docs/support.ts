/**
 * This file makes the table of support from the features and the results of their tests.
 *
 * The table stands in a Markdown file between the comments `support` and `/support`. `support_step.ts`
 * calls this.
 *
 * @module
 */

import { RUNTIME_NAMES, type RuntimeName } from "../../runtimes.ts";
import type { TestOutcome } from "../testing/junit.ts";
import type { Feature } from "./features.ts";

/** The results of the tests on each runtime. */
export type Outcomes = Readonly<Record<RuntimeName, readonly TestOutcome[]>>;

const TITLES: Readonly<Record<RuntimeName, string>> = {
  node: "Node 20",
  currentNode: "current Node",
  deno: "Deno",
  bun: "Bun",
};

/** The table, and the rows that the tests do not prove. */
export interface SupportTable {
  readonly markdown: string;
  readonly complaints: readonly string[];
}

/** Makes the table. */
export function supportTable(features: readonly Feature[], outcomes: Outcomes): SupportTable {
  const complaints: string[] = [];
  const rows = features.map((feature) => [
    feature.feature,
    ...RUNTIME_NAMES.map((runtime) => {
      const complaint = complaintAbout(feature, runtime, outcomes[runtime]);
      if (complaint !== undefined) complaints.push(`${feature.feature}, ${runtime}: ${complaint}`);
      return cellOf(feature, runtime);
    }),
  ]);
  const head = ["", ...RUNTIME_NAMES.map((name) => TITLES[name])];
  return { markdown: alignedTable([head, ...rows]), complaints };
}

function cellOf({ gaps = {}, conditions = {} }: Feature, runtime: RuntimeName): string {
  if (gaps[runtime] !== undefined) return `no: ${gaps[runtime]}`;
  return conditions[runtime] === undefined ? "yes" : `yes, ${conditions[runtime]}`;
}

/** A cell agrees with the tests if each test of a feature passes, or, for a gap, at least one does not run. */
function complaintAbout(
  { tests, gaps = {} }: Feature,
  runtime: RuntimeName,
  outcomes: readonly TestOutcome[],
): string | undefined {
  const states = tests.map((name) => outcomes.filter((test) => name.test(test.name)));
  const unproven = tests.filter((_, index) => {
    const found = states[index] ?? [];
    return found.length === 0 || found.some(({ state }) => state !== "passed");
  });
  if (gaps[runtime] === undefined) {
    return unproven.length === 0 ? undefined : `no passed test proves it: ${unproven.join(", ")}`;
  }
  if (states.flat().some(({ state }) => state === "failed")) return "a test has failed";
  return unproven.length > 0 ? undefined : "its tests pass, so it is no gap any more";
}

/** A table as `deno fmt` writes it. */
export function alignedTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

const PLACE = /(<!-- support -->\n\n)[^]*?(\n\n<!-- \/support -->)/;

/** Whether a page has a place for the table. */
export function hasSupportTable(page: string): boolean {
  return PLACE.test(page);
}

/** The page with the table in its place. */
export function withSupportTable(page: string, table: string): string {
  return page.replace(PLACE, (_whole, before: string, after: string) => before + table + after);
}
