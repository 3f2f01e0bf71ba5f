import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { TestOutcome } from "../testing/junit.ts";
import type { Feature } from "./features.ts";
import { hasSupportTable, supportTable, withSupportTable } from "./support.ts";

const RESET: Feature = {
  feature: "reset",
  tests: [/: resets$/],
  files: [],
  gaps: { deno: "it cannot" },
  conditions: { bun: "if asked" },
};

const passed = (name: string): TestOutcome => ({ name, state: "passed" });
const RESULTS = {
  node: [passed("node: resets"), passed("other")],
  currentNode: [passed("node: resets")],
  deno: [{ name: "deno: resets", state: "skipped" }],
  bun: [passed("bun: resets")],
} as const;

test("a cell is yes where the tests pass, and has the reason of a gap", () => {
  assertEquals(supportTable([RESET], RESULTS), {
    markdown: [
      "|       | Node 20 | current Node | Deno          | Bun           |",
      "| ----- | ------- | ------------ | ------------- | ------------- |",
      "| reset | yes     | yes          | no: it cannot | yes, if asked |",
    ].join("\n"),
    complaints: [],
  });
});

const WRONG:
  readonly (readonly [string, Partial<Record<keyof typeof RESULTS, readonly TestOutcome[]>>])[] = [
    ["reset, node: no passed test proves it: /: resets$/", { node: [passed("other")] }],
    ["reset, bun: no passed test", { bun: [{ name: "bun: resets", state: "skipped" }] }],
    ["reset, deno: its tests pass, so it is no gap", { deno: [passed("deno: resets")] }],
    ["reset, deno: a test has failed", { deno: [{ name: "deno: resets", state: "failed" }] }],
  ];

for (const [complaint, results] of WRONG) {
  test(`the table must agree with the tests: ${complaint}`, () => {
    const { complaints } = supportTable([RESET], { ...RESULTS, ...results });
    assertEquals(complaints.length, 1);
    assertStringIncludes(complaints[0] ?? "", complaint);
  });
}

test("the table stands between two comments of a page", () => {
  const page = "# A\n\n<!-- support -->\n\nold\n\n<!-- /support -->\n\nrest\n";
  assertEquals(hasSupportTable(page), true);
  assertEquals(hasSupportTable("# A\n"), false);
  assertEquals(withSupportTable(page, "new"), page.replace("old", "new"));
});
