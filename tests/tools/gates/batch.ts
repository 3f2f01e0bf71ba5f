/**
 * Runs several test files in one process, in the order of the environment variable `BATCH_FILES`.
 *
 * Runners of tests start a process or a worker for each file, or load the sources again for each, and
 * that takes longer than most tests. A marker, itself a test, ends the tests of each file: Node's
 * report tells the files apart by it. Run by `run_tests.ts` in the repository's root.
 *
 * @module
 */

import { resolve } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { markerOf } from "./batch_report.ts";

for (const path of (process.env["BATCH_FILES"] ?? "").split("\n")) {
  await import(pathToFileURL(resolve(path)).href);
  test(markerOf(path), () => {});
}
