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

import { resolve } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { markerOf } from "./batch_report.ts";

for (const path of (process.env["BATCH_FILES"] ?? "").split("\n")) {
  await import(pathToFileURL(resolve(path)).href);
  test(markerOf(path), () => {});
}
