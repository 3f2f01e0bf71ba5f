/**
 * This program runs several test files in one process, in the order of the environment variable
 * `BATCH_FILES`.
 *
 * Runners of tests start a process or a worker for each file, or load the sources again for each,
 * and that takes longer than most tests. A marker, which is a test itself, ends the tests of each
 * file. It separates the files in Node's report. On Deno, a file without a test has no marker.
 * `run_tests.ts` runs this program in the repository's root.
 *
 * @module
 */

import { createRequire } from "node:module";
import { resolve } from "node:path";
import process from "node:process";
import { setInterval } from "node:timers";
import { pathToFileURL } from "node:url";
import { markerOf } from "./batch_report.ts";

const STANDSTILL_MS = 120_000;

const paths = (process.env["BATCH_FILES"] ?? "").split("\n");
/** The number of files up to the last one that has ended. */
let endedFiles = 0;
const { test } = await importRunner();
const testsOnDeno = countOnDeno();
tellStandstills();
for (const [index, path] of paths.entries()) {
  const before = testsOnDeno?.();
  await import(pathToFileURL(resolve(path)).href);
  if (before === undefined || before !== testsOnDeno?.()) {
    test(markerOf(path), () => void (endedFiles = index + 1));
  }
}

/**
 * Counts the tests that are registered on Deno: its `node:test` reads `Deno.test` for each of them. A function in
 * the place of `Deno.test` would be the place of all tests in the report.
 */
function countOnDeno(): (() => number) | undefined {
  const { Deno } = globalThis as { Deno?: Record<string, unknown> };
  if (Deno === undefined) return undefined;
  const denoTest = Deno["test"];
  let count = 0;
  Object.defineProperty(Deno, "test", {
    get() {
      count++;
      return denoTest;
    },
  });
  return () => count;
}

/**
 * Writes the file that runs to standard error whenever none has ended for two minutes, with the resources for which
 * the process waits. The gates show this if the process has to be ended.
 */
function tellStandstills(): void {
  let before = 0;
  setInterval(() => {
    if (endedFiles === before) {
      const open = "Deno" in globalThis ? [] : process.getActiveResourcesInfo();
      console.error(`After two minutes, ${paths[endedFiles]} still runs, with ${open.join(", ")}`);
    }
    before = endedFiles;
  }, STANDSTILL_MS).unref();
}

/**
 * Gives the test runner. Node's observes each promise of the process, to find the test of an uncaught error;
 * that takes a seventh of the time of the processor. In a process of many files it observes none: such an error
 * ends the process, because its test might wait forever, and then each file runs by itself.
 */
async function importRunner(): Promise<
  { readonly test: (name: string, body: () => void) => unknown }
> {
  if ("Deno" in globalThis || paths.length === 1) return await import("node:test");
  const hooks = createRequire(import.meta.url)("node:async_hooks") as Record<string, unknown>;
  const { createHook } = hooks;
  hooks["createHook"] = () => ({ enable() {}, disable() {} });
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (error: unknown) => {
      console.error(`${event} in ${paths[endedFiles]}:`, error);
      process.exit(1);
    });
  }
  try {
    return await import("node:test");
  } finally {
    hooks["createHook"] = createHook;
  }
}
