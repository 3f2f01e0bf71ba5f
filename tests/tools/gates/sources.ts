/**
 * This file lists the files of the repository: committed files, sources, tests, and public entry
 * points.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../runtimes.ts";

/** The files and folders that are made here and never committed. `.gitignore` has them, too. */
const MADE_HERE: readonly string[] = [
  ".git",
  "node_modules",
  "dist",
  "api_docs",
  ".deno_offline.json",
];

/** Lists all files that git does not ignore: the committed files and the new ones. */
export function committedFiles(): string[] {
  const command = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const { stdout, status } = spawnSync("git", command, { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) return filesWithoutGit();
  return stdout.split("\0").filter((path) => path !== "" && existsSync(join(ROOT, path)));
}

/** Lists the files of an unpacked archive of the repository, which has no `.git`. */
function filesWithoutGit(): string[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter(({ name }) => !MADE_HERE.includes(name) && !name.endsWith(".tgz"))
    .flatMap((entry) => entry.isDirectory() ? listFiles(entry.name, "") : [entry.name]);
}

/** Lists the paths under `directory` that end in `suffix`, relative to the root and with `/`. */
export function listFiles(directory: string, suffix: string): string[] {
  if (!existsSync(join(ROOT, directory))) return [];
  return readdirSync(join(ROOT, directory), { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .flatMap((entry) => {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory()) return listFiles(path, suffix);
      return entry.name.endsWith(suffix) ? [path] : [];
    })
    .sort();
}

/** Every file of tests. */
export function testFiles(): string[] {
  return listFiles("tests", "_test.ts");
}

/** The sources that are published. */
export function publishedSources(): string[] {
  return ["mod.ts", ...listFiles("src", ".ts"), ...listFiles("adapters", ".ts")];
}

/** The modules that `deno.json` exports. */
export function entryPoints(): string[] {
  const { exports } = readJson("deno.json") as { exports: Record<string, string> };
  return Object.values(exports).map((path) => path.replace("./", ""));
}

/** A file's text. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** A JSON file's value. */
export function readJson(path: string): unknown {
  return JSON.parse(readText(path));
}
