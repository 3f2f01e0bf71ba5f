/**
 * This file writes the results of a run into files that are committed.
 *
 * The files hold medians and spreads, not the figures of each round, so that the diff of a new run
 * is readable. The modes of the benchmark call this for `--write`.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../tests/tools/runtimes.ts";

export interface ResultFiles {
  readonly json: object;
  readonly md: string;
  readonly svg?: string;
}

/** Writes `bench/results/<name>.json`, `.md` and `.svg`, and returns their path. */
export function writeResults(name: string, { json, md, svg }: ResultFiles): string {
  const directory = join(ROOT, "bench", "results");
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  const files = { json: formatJson(json), md, ...(svg && { svg }) };
  for (const [suffix, text] of Object.entries(files)) writeFileSync(`${path}.${suffix}`, text);
  return `${path}.{${Object.keys(files)}}`;
}

/** The digits of a figure in the file. The noise of a run is larger than the fourth digit. */
const DIGITS = 4;

/**
 * Formats JSON with one line for each element of an array, and rounded numbers.
 *
 * @param value An object with small values, or with arrays of small objects.
 * @returns The text, with a line feed at its end.
 */
export function formatJson(value: object): string {
  const entries = Object.entries(value).map(([key, part]) => {
    if (!Array.isArray(part)) return `  ${JSON.stringify(key)}: ${stringify(part)}`;
    const lines = part.map((element) => `    ${stringify(element)}`);
    return `  ${JSON.stringify(key)}: [\n${lines.join(",\n")}\n  ]`;
  });
  return `{\n${entries.join(",\n")}\n}\n`;
}

function stringify(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    return typeof part === "number" ? Number(part.toPrecision(DIGITS)) : part;
  });
}
