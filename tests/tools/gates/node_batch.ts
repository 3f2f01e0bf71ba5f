/**
 * Runs several test files in one process of Node, in the order of the arguments.
 *
 * Node's own runner starts a process for each file; only later releases than 20 can do without. A
 * marker, itself a test, ends the tests of each file: the report tells the files apart by it. Run by
 * `run_tests.ts` in the repository's root.
 *
 * @module
 */

import process from "node:process";
import { resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { markerOf } from "./batch_report.ts";

for (const path of process.argv.slice(2)) {
  await import(pathToFileURL(resolve(path)).href);
  test(markerOf(path), () => {});
}
