/**
 * This file reads the JUnit reports of the test runners of Node, Deno and Bun. The steps that run
 * tests call it.
 *
 * @module
 */

import type { TestCount } from "../step.ts";

const TEST_CASE = /<testcase((?:\s+[\w:-]+="[^"]*")*)\s*(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/** A test, and how it ended. */
export interface TestOutcome {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
}

/** The tests of a report. */
export function outcomesOf(report: string): TestOutcome[] {
  return [...report.matchAll(TEST_CASE)].map(([, attributes = "", body = ""]) => ({
    name: unescapeXml(/\sname="([^"]*)"/.exec(attributes)?.[1] ?? ""),
    state: /<(?:failure|error)\b/.test(body)
      ? "failed"
      : /<skipped\b/.test(body)
      ? "skipped"
      : "passed",
  }));
}

/**
 * Counts the test cases of a report.
 *
 * Deno also lists the parent of nested tests, as `group` beside `group > inner`. The others do not,
 * so a parent that passed is not counted.
 */
export function countTests(report: string): TestCount {
  const tests = outcomesOf(report);
  const parents = new Set(tests.flatMap(({ name }) => ancestors(name)));
  const count = (wanted: TestOutcome["state"]) =>
    tests.filter(({ name, state }) =>
      state === wanted && !(state === "passed" && parents.has(name))
    ).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

/** Gives the ancestors of a test: `a` and `a > b` for `a > b > c`. */
function ancestors(name: string): string[] {
  const parts = name.split(" > ");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(" > "));
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" },
};

function unescapeXml(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi,
    (whole, decimal?: string, hexadecimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      return String.fromCodePoint(
        decimal === undefined ? parseInt(hexadecimal ?? "0", 16) : Number(decimal),
      );
    },
  );
}
