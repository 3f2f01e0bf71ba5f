import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { checkProse } from "./prose.ts";

/** 400 words, so that one pronoun is within the limit and two are not. */
const FILLER = "// word\n".repeat(400);

test("accepts a folder without pronouns, and one within the limit", () => {
  assertEquals(checkProse([["src/a.ts", FILLER]]), []);
  assertEquals(checkProse([["src/a.ts", `${FILLER}// Told by whom?\n`]]), []);
});

test("complains about a folder beyond the limit, with each line", () => {
  const files = [
    ["src/a.ts", `// Tells who waits.\n${FILLER}`],
    ["src/b.ts", "const a = 1;\n/**\n * Nobody reads\n * what came.\n */\n"],
    ["src/c/d.ts", FILLER],
  ] as const;
  assertEquals(checkProse(files), [
    "src: 7.4 pronouns in 1,000 words, 3 are too many:\n" +
    "  src/a.ts:1: // Tells who waits.\n" +
    "  src/b.ts:3: * Nobody reads\n" +
    "  src/b.ts:4: * what came.",
  ]);
});

test("counts a file of the root by itself", () => {
  const files = [["README.md", "Somebody"], ["CHANGELOG.md", "Whatever"]] as const;
  assertEquals(checkProse(files).map((complaint) => complaint.split(":")[0]), [
    "CHANGELOG.md",
    "README.md",
  ]);
});

test("leaves code, strings and templates out", () => {
  const samples = [
    "// Calls `who` and `what`.",
    "/**\n * ```ts\n * // who is what\n * ```\n */",
    'const text = "// who";',
    "const text = `/* who */ ${1} // what`;",
    "const who = 1;",
  ];
  for (const sample of samples) assertEquals(checkProse([["src/a.ts", sample]]), [], sample);
  assertEquals(checkProse([["README.md", "```\nwho\n```\nThe `who` command."]]), []);
});

test("does not count a part of a word", () => {
  assertEquals(checkProse([["src/a.ts", "// The whole, somewhat"]]), []);
});
