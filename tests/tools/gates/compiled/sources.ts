/**
 * The sources and tests as plain JavaScript, compiled once for all the processes of a step.
 *
 * Only types go and newer syntax is rewritten; source maps keep the lines of errors. The compiler is
 * esbuild, the one that tsx uses. Called by `../run_tests.ts`, for a Node that reads no TypeScript.
 *
 * @module
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, type Runtime } from "../../runtimes.ts";
import { listFiles } from "../sources.ts";

/** The part of esbuild's interface that is used here. */
interface Compiler {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>;
}

const FOLDERS: readonly string[] = ["src", "adapters", "examples", "bench", "tests"];

/** The loader that reads the compiled sources of `COMPILED_SOURCES`, by its address. */
export const PLAIN_LOADER: string = new URL("./loader.mjs", import.meta.url).href;

/**
 * Whether the tests on `runtime` run compiled sources. A current Node reads TypeScript, but strips the types
 * of each file anew in each process.
 */
export function takesCompiled({ name }: Pick<Runtime, "name">): boolean {
  return name === "node" || name === "currentNode";
}

/** Compiles every source of the repository into `directory`, for Node 20. */
export async function compileSources(directory: string): Promise<void> {
  const require = createRequire(createRequire(join(ROOT, "package.json")).resolve("tsx"));
  const address = pathToFileURL(require.resolve("esbuild")).href;
  const { build } = (await import(address)) as Compiler;
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["mod.ts", ...FOLDERS.flatMap((folder) => listFiles(folder, ".ts"))],
    outdir: directory,
    outbase: ROOT,
    format: "esm",
    target: "node20",
    keepNames: true,
    sourcemap: "inline",
    sourcesContent: false,
    sourceRoot: pathToFileURL(ROOT).href,
    logLevel: "error",
  });
}
