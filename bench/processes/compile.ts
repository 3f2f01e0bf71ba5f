/**
 * This file compiles the programs that are measured, with all their imports, to JavaScript.
 *
 * All runtimes therefore run the same files, as npm has them, and no runtime's own TypeScript loader is
 * part of the measurement.
 *
 * @module
 */

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { runCommand } from "../../tests/tools/gates/command.ts";
import { typeChecker } from "../../tests/tools/gates/tools.ts";
import { ROOT } from "../../tests/tools/runtimes.ts";

/** Returns the path of the compiled `bench/<name>.ts`. */
export type ProgramPath = (name: string) => string;

/** The packages in `node_modules` that the programs import; Deno needs them in a manifest. */
const PACKAGES = [
  "@hono/node-server",
  "@opentelemetry/api",
  "@opentelemetry/sdk-trace-base",
  "effect",
  "effection",
  "fastify",
  "hono",
  "srvx",
  "ws",
];

/**
 * Compiles into a directory that is removed when this process ends.
 *
 * @param sources The directory with `mod.ts` and `bench/`. Default: the root of this repository.
 */
export async function compilePrograms(sources: string = ROOT): Promise<ProgramPath> {
  const directory = temporaryDirectory();
  // Outside the repository, this manifest marks the files as modules.
  const dependencies = Object.fromEntries(PACKAGES.map((name) => [name, "*"]));
  const manifest = JSON.stringify({ type: "module", dependencies });
  writeFileSync(join(directory, "package.json"), manifest);
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"), "junction");
  const project = join(sources, "bench", "build.json");
  const { code, output } = await runCommand(
    [...typeChecker(), "--project", project, "--outDir", directory, "--noCheck"],
    { cwd: ROOT },
  );
  if (code !== 0) throw new Error(`Cannot compile the servers:\n${output}`);
  return (name) => join(directory, "bench", `${name}.js`);
}

/** Makes a directory that is removed when this process ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "bench-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
