/**
 * This file finds the test files of a batch in the JUnit report of their common process.
 *
 * Deno and Bun report a suite for each file. Node reports one list of tests, in which a marker
 * follows the tests of each file. `run_tests.ts` and `batch.ts` call this.
 *
 * @module
 */

import type { RuntimeName } from "../../runtimes.ts";

const MARKER = "end of file ";

/** The name of the test that ends the tests of a file. */
export function markerOf(path: string): string {
  return MARKER + path;
}

/** The report without the markers. */
export function withoutMarkers(report: string): string {
  return report.split("\n").filter((line) => !line.includes(`<testcase name="${MARKER}`)).join(
    "\n",
  );
}

/** The files of a batch that have no test in its report. */
export function silentFiles(
  runtime: RuntimeName,
  paths: readonly string[],
  report: string,
): string[] {
  const isNode = runtime === "node" || runtime === "currentNode";
  return isNode ? silentOnNode(paths, report) : silentElsewhere(paths, report);
}

function silentOnNode(paths: readonly string[], report: string): string[] {
  let from = 0;
  return paths.filter((path) => {
    const end = report.indexOf(`<testcase name="${markerOf(path)}"`, from);
    const part = end < 0 ? "" : report.slice(from, end);
    if (end >= 0) from = end + 1;
    // The first `<testcase` of a part may be the marker before.
    return !/<testcase /.test(part);
  });
}

/**
 * Finds such files for Deno and Bun. Deno writes `./` before a path. A file with an empty suite has
 * no test.
 */
function silentElsewhere(paths: readonly string[], report: string): string[] {
  return paths.filter((path) => {
    const suite = [`<testsuite name="./${path}"`, `<testsuite name="${path}"`]
      .map((start) => report.indexOf(start)).find((index) => index >= 0);
    if (suite === undefined) return true;
    const end = report.indexOf("</testsuite>", suite);
    return !report.slice(suite, end).includes("<testcase ");
  });
}
