import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Figures, figuresText, withFigures } from "./figures.ts";

/** The cost of our server and of the runtime's own, in each workload on each runtime. */
const COSTS: readonly (readonly [string, string, number, number])[] = [
  ["hello", "node", 5, 10],
  ["hello", "bun", 10.4, 10],
  ["hello", "deno", 12, 10],
  ["idle", "bun", 3.25, 1],
];

const FIGURES: Figures = {
  date: "2026-01-02T03:04:05.678Z",
  versions: { node: "20.1.0", currentNode: "26.2.0", deno: "2.3.0", bun: "1.4.0", nginx: "1.22" },
  results: COSTS.flatMap(([workload, runtime, ours, own]) => {
    const figure = workload === "idle" ? "memory" : "cpu";
    return Object.entries({ ours, own }).map(([contender, median]) => ({
      ...{ workload, runtime, contender },
      figures: { [figure]: { median }, p50: { median: 1 } },
    }));
  }),
};

test("a workload stands where one server costs less by more than a tenth", () => {
  const text = figuresText(FIGURES);
  const [before = "", ownLess = "", oursLess = ""] = text.split("\n\n**Where ");
  const rows = (part: string) => part.split("\n").filter((line) => /^\| (?:hello|10)/.test(line));
  assertStringIncludes(before, "of 2026-01-02, on one machine, with Node 20.1.0 and 26.2.0");
  assertStringIncludes(before, "| hello, server             | Node 20 | Node 26 | Deno | Bun  |");
  assertStringIncludes(before, "| this package              | 5.0     |         | 12.0 | 10.4 |");
  assertEquals(rows(ownLess), [
    "| hello                   | Deno    | 12.0 us      | 10.0 us           |",
    "| 10,000 idle connections | Bun     | 3.3 KB       | 1.0 KB            |",
  ]);
  assertEquals(rows(oursLess), [
    "| hello    | Node 20 | 5.0 us       | 10.0 us           |",
  ]);
});

test("the figures stand between two comments of a page", () => {
  const page = "# A\n\n<!-- figures -->\n\nold\n\n<!-- /figures -->\n\nrest\n";
  assertEquals(withFigures(page, "new"), page.replace("old", "new"));
});
