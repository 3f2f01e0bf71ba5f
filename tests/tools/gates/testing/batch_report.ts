/**
 * This file finds the test files of a batch in the JUnit report of their common process.
 *
 * Deno and Bun report a suite for each file. Node reports one list of tests, in which a marker
 * follows the tests of each file. Deno puts a test into the suite of the module that calls `test`: a file whose
 * tests are all in a module that it imports has no suite, but a marker. `run_tests.ts` and `batch.ts` call this.
 *
 * @module
 */

import type { RuntimeName } from "../../runtimes.ts";

const MARKER = "end of file ";

/** The name of the test that ends the tests of a file. */
export function markerOf(path: string): string {
  return MARKER + path;
}

/**
 * Says where a process hung that had to be ended: its output has the markers of the files that had ended. The
 * runner of Bun has no markers; it writes the name of a file before its tests.
 */
export function placeOfHang(
  runtime: RuntimeName,
  paths: readonly string[],
  output: string,
): string {
  const isBun = runtime === "bun";
  const begun = paths.findLastIndex((path) => output.includes(isBun ? path : markerOf(path)));
  const path = paths[isBun ? Math.max(begun, 0) : begun + 1];
  return path === undefined ? "it hung after its last test" : `it hung in ${path}`;
}

/** The report without the markers. */
export function withoutMarkers(report: string): string {
  return report.split("\n").filter((line) => !line.includes(`<testcase name="${MARKER}`)).join(
    "\n",
  );
}

/** The part of a report of each file of a batch; empty for a file that is not in the report. */
export function partsOf(
  runtime: RuntimeName,
  paths: readonly string[],
  report: string,
): ReadonlyMap<string, string> {
  const isNode = runtime === "node" || runtime === "currentNode";
  return isNode ? partsOnNode(paths, report) : partsElsewhere(paths, report);
}

/** Whether the part of a file has no test. */
export function isSilent(part: string): boolean {
  return !part.includes("<testcase ");
}

function partsOnNode(paths: readonly string[], report: string): Map<string, string> {
  let from = 0;
  return new Map(paths.map((path) => {
    const end = report.indexOf(`<testcase name="${markerOf(path)}"`, from);
    const part = end < 0 ? "" : report.slice(from, end);
    // The next part begins behind the marker.
    if (end >= 0) from = end + 1;
    return [path, part];
  }));
}

/**
 * Deno writes `./` before a path. A file with an empty suite has no test. The part of a file without a suite is
 * its marker, which `batch.ts` writes on Deno only for a file with a test.
 */
function partsElsewhere(paths: readonly string[], report: string): Map<string, string> {
  return new Map(paths.map((path) => {
    const suite = [`<testsuite name="./${path}"`, `<testsuite name="${path}"`]
      .map((start) => report.indexOf(start)).find((index) => index >= 0);
    const marker = `<testcase name="${markerOf(path)}"`;
    if (suite === undefined) return [path, report.includes(marker) ? marker : ""];
    return [path, report.slice(suite, report.indexOf("</testsuite>", suite))];
  }));
}
