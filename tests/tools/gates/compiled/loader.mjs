/**
 * Gives Node that reads no TypeScript the plain JavaScript that `sources.ts` made.
 *
 * tsx transforms the sources anew in each process, and resolves each import several times: for a process
 * of tests that is a second of the processor. A file that a test has written is compiled when it is imported.
 * Loaded by `--import`, in the processes of `tests:node` and `docs:examples`; the same file is the module of
 * hooks that Node runs on a thread of its own.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { createRequire, register } from "node:module";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";

const ROOT = new URL("../../../..", import.meta.url).href;
const COMPILED = pathToFileURL(`${process.env["COMPILED_SOURCES"]}/`).href;

if (isMainThread) {
  process.setSourceMapsEnabled(true);
  register(import.meta.url);
}

/** Node's hook: the source of the module at `url`. */
export async function load(url, context, nextLoad) {
  if (!/^file:.*\.m?ts$/.test(url)) return nextLoad(url, context);
  if (!url.startsWith(ROOT)) return await compileNow(url);
  const place = new URL(url.slice(ROOT.length).replace(/ts$/, "js"), COMPILED);
  const source = await readFile(fileURLToPath(place), "utf8");
  return { format: "module", source, shortCircuit: true };
}

/** Compiles a file outside of the repository with the compiler of tsx. */
async function compileNow(url) {
  const require = createRequire(createRequire(import.meta.url).resolve("tsx"));
  const { transform } = require("esbuild");
  const { code } = await transform(await readFile(fileURLToPath(url), "utf8"), {
    loader: "ts",
    target: "node20",
    sourcemap: "inline",
    sourcefile: url,
  });
  return { format: "module", source: code, shortCircuit: true };
}
