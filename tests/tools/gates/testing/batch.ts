/**
 * This program runs several test files in one process, in the order of the environment variable
 * `BATCH_FILES`.
 *
 * Runners of tests start a process or a worker for each file, or load the sources again for each,
 * and that takes longer than most tests. A marker, which is a test itself, ends the tests of each
 * file. It separates the files in Node's report. `run_tests.ts` runs this program in the
 * repository's root.
 *
 * @module
 */

import { createRequire } from "node:module";
import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { markerOf } from "./batch_report.ts";

const paths = (process.env["BATCH_FILES"] ?? "").split("\n");
const { test } = await importRunner();
for (const path of paths) {
  await import(pathToFileURL(resolve(path)).href);
  test(markerOf(path), () => {});
}

/**
 * Gives the test runner. Node's observes each promise of the process, to find the test of an uncaught error;
 * that takes a seventh of the time of the processor. In a process of many files it observes none: such an error
 * fails the process, and then each file runs by itself.
 */
async function importRunner(): Promise<
  { readonly test: (name: string, body: () => void) => unknown }
> {
  if ("Deno" in globalThis || paths.length === 1) return await import("node:test");
  const hooks = createRequire(import.meta.url)("node:async_hooks") as Record<string, unknown>;
  const { createHook } = hooks;
  hooks["createHook"] = () => ({ enable() {}, disable() {} });
  try {
    return await import("node:test");
  } finally {
    hooks["createHook"] = createHook;
  }
}
