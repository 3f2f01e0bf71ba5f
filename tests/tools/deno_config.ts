/**
 * The configuration for Deno. It is `deno.json`, or, where JSR is out of reach, a copy that links
 * local replacements of `@std/assert` and `@std/net`.
 *
 * The copy is written beside `deno.json`, because Deno resolves all paths from there.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const OFFLINE_CONFIG = fileURLToPath(new URL("../../.deno_offline.json", import.meta.url));
const LINKS: readonly string[] = ["./tests/std/assert", "./tests/std/net"];

/** The time that JSR may take to answer. After that it counts as out of reach. */
const PROBE_MILLISECONDS = 15_000;

const found = new Map<string, string>();

/** Gives the path of the configuration that works here for the Deno at `deno`. */
export function denoConfig(deno: string): string {
  const known = found.get(deno);
  if (known !== undefined) return known;
  const config = reachesJsr(deno) ? CONFIG : writeOfflineConfig();
  found.set(deno, config);
  return config;
}

function reachesJsr(deno: string): boolean {
  const packages = Object.values(readConfig().imports).filter((name) => name.startsWith("jsr:"));
  return packages.every((specifier) => {
    const probe = spawnSync(deno, ["info", "--json", "--no-config", specifier], {
      encoding: "utf8",
      timeout: PROBE_MILLISECONDS,
    });
    return probe.status === 0 && !probe.stdout.includes('"error"');
  });
}

function writeOfflineConfig(): string {
  const text = JSON.stringify({ ...readConfig(), links: LINKS }, undefined, 2) + "\n";
  if (read(OFFLINE_CONFIG) !== text) writeFileSync(OFFLINE_CONFIG, text);
  return OFFLINE_CONFIG;
}

function readConfig(): { readonly imports: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync(CONFIG, "utf8"));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
