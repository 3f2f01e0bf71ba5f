import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { outputDifference } from "./example_output.ts";

const EQUAL: readonly (readonly [shown: string, actual: string])[] = [
  ["a\nb\n", "a\nb"],
  ["took … ms", "took 12 ms"],
  ["first\n…\nlast", "first\n2\n3\nlast"],
  ["a.b (c) [d]", "a.b (c) [d]"],
];

for (const [shown, actual] of EQUAL) {
  test(`the shown output ${JSON.stringify(shown)} stands for ${JSON.stringify(actual)}`, () => {
    assertEquals(outputDifference(shown, actual), undefined);
  });
}

test("another output is a difference, with both texts", () => {
  const difference = outputDifference("a.b\n", "aXb\nc\n") ?? "";
  assertStringIncludes(difference, "    a.b\n");
  assertStringIncludes(difference, "    aXb\n    c");
});
