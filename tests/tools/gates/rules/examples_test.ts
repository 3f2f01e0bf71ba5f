import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { examplesFile, examplesOf, markdownExamplesOf } from "./examples.ts";

const SOURCE = `import { a } from "./a.ts";

/**
 * Adds.
 *
 * @example
 * \`\`\`ts
 * import { add } from "@x/sum";
 *
 * if (add(1, 2) !== 3) {
 *   throw new Error();
 * }
 * \`\`\`
 *
 * \`\`\`ts ignore
 * never();
 * \`\`\`
 *
 * \`\`\`ts
 * second();
 * \`\`\`
 */
export function add() {}

// \`\`\`ts
// notADocComment();
// \`\`\`
`;

test("finds each example with the place of its first line", () => {
  assertEquals(examplesOf("src/sum.ts", SOURCE), [
    {
      place: "src/sum.ts:8",
      code: 'import { add } from "@x/sum";\n\nif (add(1, 2) !== 3) {\n  throw new Error();\n}\n',
    },
    { place: "src/sum.ts:20", code: "second();\n" },
  ]);
});

const IMPORTS: readonly (readonly [string, string])[] = [
  [`import { a } from "x";`, `const { a } = await import("/x");`],
  [`import { a as b, type C, d } from "x";`, `const { a: b, d } = await import("/x");`],
  [`import {\n  a,\n  b,\n} from "x";`, `const { a, b } = await import("/x");\n\n\n`],
  [`import type { A } from "x";`, ""],
  [`import process from "x";`, `const { default: process } = await import("/x");`],
  [`import * as x from "x";`, `const x = await import("/x");`],
];

for (const [from, to] of IMPORTS) {
  test(`makes a test with a dynamic import: ${from.replaceAll("\n", " ")}`, () => {
    const file = examplesFile([{ place: "a.ts:1", code: `${from}\nrun();\n` }], (x) => `/${x}`);
    assertEquals(file, `Deno.test("a.ts:1", async () => {\n${to}\nrun();\n});\n`);
  });
}

test("finds the blocks of TypeScript in a Markdown file", () => {
  const source = "# A\n\n```python\nno\n```\n\n```ts\nyes();\n```\n\n```ts ignore\nno\n```\n";
  assertEquals(markdownExamplesOf("docs/a.md", source), [{
    place: "docs/a.md:8",
    code: "yes();\n",
  }]);
});
