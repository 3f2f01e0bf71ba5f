/**
 * The reports that consist of tables with titles.
 *
 * @module
 */

import { align } from "./table.ts";
import { describeMethod, type RunDescription } from "./run.ts";
import { writeResults } from "./write.ts";

export interface Section {
  readonly title: string;
  /** An explanation of the columns. */
  readonly note: string;
  /** The rows of the table; the first is its head. */
  readonly rows: readonly (readonly string[])[];
}

/** Prints the sections, and writes them if asked to. */
export function reportSections(
  name: string,
  run: RunDescription,
  sections: readonly Section[],
  write: boolean,
  samples: object,
): void {
  const text = sections.map(({ title, note, rows }) => `## ${title}\n\n${note}\n\n${align(rows)}`);
  console.log([...text, describeMethod(run)].join("\n\n"));
  if (!write) return;
  const md = [`# Benchmark results: ${name}`, `${run.date}: ${describeMethod(run)}`, ...text];
  const path = writeResults(name, { json: { ...run, ...samples }, md: md.join("\n\n") + "\n" });
  console.log(`Written: ${path}`);
}
