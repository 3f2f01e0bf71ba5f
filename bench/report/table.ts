/**
 * This file makes Markdown tables that are readable as plain text.
 *
 * @module
 */

import type { Spread } from "../judging/statistics.ts";

/** Formats the median, the least and the greatest value. */
export function spread({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;
}

/** Makes a Markdown table with aligned columns; the first row is its head. */
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
