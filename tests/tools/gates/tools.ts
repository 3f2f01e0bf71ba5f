/**
 * The command lines of the tools that the gates use.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { denoConfig } from "../deno_config.ts";
import { findRuntime, ROOT } from "../runtimes.ts";

export type CommandLine = [string, ...string[]];

/** Deno for work that imports nothing: formatting and linting. */
export function denoTool(...args: readonly string[]): CommandLine {
  return [findRuntime("deno").command, ...args];
}

/** Deno for work that resolves imports, with the configuration that works here. */
export function denoWithImports(
  subcommand: readonly string[],
  ...args: readonly string[]
): CommandLine {
  const { command } = findRuntime("deno");
  return [command, ...subcommand, "--config", denoConfig(command), ...args];
}

/**
 * The type checker on `tests/types/<project>.json`. Other steps use the other cores meanwhile, and one thread takes
 * a fifth less of the processor.
 */
export function typesCommand(project: string): CommandLine {
  const path = join(ROOT, "tests", "types", `${project}.json`);
  return [...typeChecker(), "--singleThreaded", "--project", path];
}

/** The type checker itself. */
export function typeChecker(): CommandLine {
  return packageProgram("typescript", "tsc");
}

/** The command line of the oldest compiler that reads the declarations of the package; README names it. */
export function oldestTypeChecker(): CommandLine {
  const name = join("test-runtimes", "node_modules", "typescript-5.7");
  return packageProgram(name, "tsc");
}

/** The command line of a program of an installed package. The machine's own Node runs it. */
export function packageProgram(name: string, program: string): CommandLine {
  const directory = join(ROOT, "node_modules", name);
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const { bin } = manifest as { bin: string | Record<string, string> };
  const file = typeof bin === "string" ? bin : bin[program];
  if (file === undefined) throw new Error(`Cannot find ${program}: ${name} does not bring it`);
  return [findRuntime("node").command, join(directory, file)];
}

/** The command line of npm: the npm that runs this process, or the one on the path. */
export function npm(...args: readonly string[]): CommandLine {
  const path = process.env["npm_execpath"];
  const isNpm = path !== undefined && /npm-cli\.js$/.test(path);
  return isNpm ? [findRuntime("node").command, path, ...args] : ["npm", ...args];
}
