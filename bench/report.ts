/**
 * The report: a Markdown table that reads well as plain text, and the same as JSON.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { ROOT } from "../tests/support/runtimes.ts";
import { CONTENDERS } from "./contenders.ts";
import type { Result } from "./measure.ts";
import type { Spread } from "./statistics.ts";

export interface Report {
  /** When it was made, ISO 8601. */
  readonly date: string;
  readonly cpu: string;
  readonly load: string;
  /** Whether server and client had a CPU each. */
  readonly pinned: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly results: readonly Result[];
}

/** A name for this machine's kind of CPU. */
export function describeCpu(): string {
  const all = cpus();
  return `${all.length} x ${all[0]?.model.trim() ?? "unknown"}`;
}

/** How the figures came about, in a sentence or two. */
export function describeMethod(report: Report): string {
  const { cpu, load, pinned, rounds, seconds } = report;
  const place = pinned ? "server and client on a CPU each" : "server and client not pinned";
  return `${rounds} rounds of ${seconds} s after warming up, load from ${load}, ${place} (${cpu}). ` +
    "CPU is the server's, user and system, in microseconds a request; medians (min-max).";
}

/** The results as a table. */
export function table(results: readonly Result[]): string {
  const first = CONTENDERS[0].name;
  const header = ["workload", "runtime", "server", "CPU us/request", "requests/s", `${first} / it`];
  const rows = results.map((result) => [
    result.workload,
    result.runtime,
    result.contender,
    spread(result.cpuPerRequest, 2),
    String(Math.round(result.requestsPerSecond.median)),
    result.contender === first ? "" : spread(result.firstRatio, 2),
  ]);
  return align([header, ...rows]);
}

/** The median, the least and the greatest, as text. */
export function spread({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;
}

/** Rows as a Markdown table whose columns line up; the first row is its head. */
export function align(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const [header = "", ...body] = rows.map((row) =>
    line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)))
  );
  return [header, line(widths.map((width) => "-".repeat(width))), ...body].join("\n");
}

/** Writes `bench/results/<name>.json` and `.md`; tells where. */
export function writeReport(report: Report, name: string): string {
  const directory = join(ROOT, "bench", "results");
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  writeFileSync(`${path}.json`, JSON.stringify(report, undefined, 2) + "\n");
  const text = [
    "# Benchmark results",
    "",
    `${report.date}: ${describeMethod(report)}`,
    "",
    table(report.results),
    "",
  ];
  writeFileSync(`${path}.md`, text.join("\n"));
  return `${path}.{json,md}`;
}
