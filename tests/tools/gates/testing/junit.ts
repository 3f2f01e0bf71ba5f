/**
 * This file reads the JUnit reports of the test runners of Node, Deno and Bun. The steps that run
 * tests call it.
 *
 * @module
 */

import type { TestCount } from "../step.ts";

const TEST_CASE = /<testcase((?:\s+[\w:-]+="[^"]*")*)\s*(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/**
 * Counts the test cases of a report.
 *
 * Deno also lists the parent of nested tests, as `group` beside `group > inner`. The others do not,
 * so a parent that passed is not counted.
 */
export function countTests(report: string): TestCount {
  const cases = [...report.matchAll(TEST_CASE)].map(([, attributes = "", body = ""]) => ({
    name: /\sname="([^"]*)"/.exec(attributes)?.[1] ?? "",
    failed: /<(?:failure|error)\b/.test(body),
    skipped: /<skipped\b/.test(body),
  }));
  const parents = new Set(cases.flatMap(({ name }) => ancestors(name)));
  const failed = cases.filter((test) => test.failed).length;
  const skipped = cases.filter((test) => test.skipped && !test.failed).length;
  const passed =
    cases.filter((test) => !test.failed && !test.skipped && !parents.has(test.name)).length;
  return { passed, failed, skipped };
}

/** Gives the ancestors of a test: `a` and `a > b` for `a > b > c`. */
function ancestors(name: string): string[] {
  const parts = name.split(" &gt; ");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(" &gt; "));
}
