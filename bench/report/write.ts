/**
 * Where results go.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../tests/support/runtimes.ts";

export interface ResultFiles {
  readonly json: unknown;
  readonly md: string;
  readonly svg?: string;
}

/** Writes `bench/results/<name>.json`, `.md` and `.svg`; tells where. */
export function writeResults(name: string, { json, md, svg }: ResultFiles): string {
  const directory = join(ROOT, "bench", "results");
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  writeFileSync(`${path}.json`, JSON.stringify(json, undefined, 2) + "\n");
  writeFileSync(`${path}.md`, md);
  if (svg === undefined) return `${path}.{json,md}`;
  writeFileSync(`${path}.svg`, svg);
  return `${path}.{json,md,svg}`;
}
