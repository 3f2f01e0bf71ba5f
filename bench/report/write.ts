/**
 * Where results go.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findRuntime, ROOT } from "../../tests/tools/runtimes.ts";

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
  const files = { json: JSON.stringify(json, undefined, 2) + "\n", md, ...(svg && { svg }) };
  const paths = Object.entries(files).map(([suffix, text]) => {
    writeFileSync(`${path}.${suffix}`, text);
    return `${path}.${suffix}`;
  });
  // They are committed, so they keep to the format that all files have.
  spawnSync(findRuntime("deno").command, ["fmt", "--quiet", ...paths], { cwd: ROOT });
  return `${path}.{${Object.keys(files)}}`;
}
