import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { blocksOf, commentBlocksOf } from "./blocks.ts";
import { moduleOf } from "./write_examples.ts";

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
 * <!-- example: on bun -->
 * \`\`\`ts
 * second();
 * \`\`\`
 */
export function add() {}

// \`\`\`ts
// notADocComment();
// \`\`\`
`;

const NO_CLAUSE = { requests: [], waits: false, declares: false };

test("finds each block of a doc comment with the line of its code", () => {
  const common = { path: "src/sum.ts", language: "ts", isIgnored: false, annotation: NO_CLAUSE };
  assertEquals(commentBlocksOf("src/sum.ts", SOURCE), [
    {
      ...common,
      line: 8,
      code: 'import { add } from "@x/sum";\n\nif (add(1, 2) !== 3) {\n  throw new Error();\n}\n',
    },
    {
      ...common,
      line: 21,
      code: "second();\n",
      annotation: { ...NO_CLAUSE, runtimes: ["bun"] },
    },
  ]);
});

const SPECIFIERS: readonly (readonly [string, string])[] = [
  [`import { a } from "x";`, `import { a } from "/x";`],
  [`import {\n  a,\n} from "x";`, `import {\n  a,\n} from "/x";`],
  [`import type { A } from "x";`, `import type { A } from "/x";`],
  [`import "x";`, `import "/x";`],
  [`export * from "x";`, `export * from "/x";`],
  [`const { a } = await import("x");`, `const { a } = await import("/x");`],
  [`import { a } from "./x";`, `import { a } from "./x";`],
  [`const text = "x";`, `const text = "x";`],
];

for (const [from, to] of SPECIFIERS) {
  test(`gives a known module its address: ${from.replaceAll("\n", " ")}`, () => {
    const block = {
      path: "a.md",
      line: 3,
      language: "ts",
      code: `${from}\n`,
      isIgnored: false,
      annotation: NO_CLAUSE,
    };
    assertEquals(moduleOf(block, new Map([["x", "/x"]])), `\n\n${to}\nexport {};\n`);
  });
}

const PAGE = `# A

\`\`\`python
no
\`\`\`

- a list

  <!-- example: file app.ts; GET /a 404; GET /b 500 Broken; on deno, bun -->
  \`\`\`ts
  yes();
    deeper();
  \`\`\`

Its output:

\`\`\`text
first
\`\`\`

## B

\`\`\`ts
last();
\`\`\`

### C

\`\`\`text
other
\`\`\`
`;

test("finds the blocks of a page with their annotations and their output", () => {
  const [, module, , last] = blocksOf("docs/a.md", PAGE);
  assertEquals(module, {
    path: "docs/a.md",
    line: 11,
    language: "ts",
    code: "yes();\n  deeper();\n",
    isIgnored: false,
    annotation: {
      ...NO_CLAUSE,
      file: "app.ts",
      runtimes: ["deno", "bun"],
      requests: [
        { method: "GET", path: "/a", status: 404 },
        { method: "GET", path: "/b", status: 500, error: "Broken" },
      ],
    },
    output: "first\n",
  });
  assertEquals(last, {
    path: "docs/a.md",
    line: 24,
    language: "ts",
    code: "last();\n",
    isIgnored: false,
    annotation: NO_CLAUSE,
  });
});

test("finds a reason that contains a semicolon", () => {
  const page = "<!-- example: not run: it needs a; b -->\n```ts ignore\nno();\n```\n";
  assertEquals(blocksOf("a.md", page)[0]?.annotation.notRun, "it needs a; b");
});

const REFUSED: readonly (readonly [string, string])[] = [
  ["<!-- example: sometimes -->\n```ts\n```\n", "no clause of an example is `sometimes`"],
  ["<!-- example: on windows -->\n```ts\n```\n", "no clause of an example is `on windows`"],
  ["<!-- example: not run: -->\n```ts\n```\n", "no clause of an example is `not run:`"],
  ["```ts ignore\n```\n", "a.md:2: write <!-- example: not run: reason -->"],
];

for (const [page, message] of REFUSED) {
  test(`refuses ${page.split("\n")[0]}`, () => {
    assertThrows(() => blocksOf("a.md", page), Error, message);
  });
}
