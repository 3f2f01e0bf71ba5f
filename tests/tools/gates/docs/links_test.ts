import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { anchorsOf, linkComplaints } from "./links.ts";

const FILES = ["README.md", "docs/a.md", "docs/b page.md", "src/main.ts"];

const RIGHT: readonly string[] = [
  "[a](docs/a.md)",
  "[a](./docs/a.md#the-title)",
  "[folder](docs/) [source](src/main.ts#L3)",
  "[space](docs/b%20page.md)",
  "[here](#top)\n\n## Top",
  "[web](https://example.com/x) <https://example.com>",
  "`[code](missing.md)` and ``[code](`missing.md)``",
  "```md\n[code](missing.md)\n```",
  "<!-- [comment](missing.md) -->",
  '<img src="docs/a.md">',
];

for (const text of RIGHT) {
  test(`a page may have ${JSON.stringify(text)}`, () => {
    const pages = new Map([["README.md", text], ["docs/a.md", "# The `title`!"]]);
    assertEquals(linkComplaints(pages, FILES), []);
  });
}

const WRONG: readonly (readonly [text: string, complaint: string])[] = [
  ["[a](a.md)", "docs/a.md:1: a.md leads to docs/a.md, which does not exist"],
  [
    "\n[a](../src/none.ts)",
    "docs/a.md:2: ../src/none.ts leads to src/none.ts, which does not exist",
  ],
  [
    "[a](/README.md)",
    "docs/a.md:1: /README.md begins at the root of a site: write a relative path",
  ],
  ["[a](#none)", "docs/a.md:1: #none leads to no heading of docs/a.md"],
  ["[a](../README.md#none)", "docs/a.md:1: ../README.md#none leads to no heading of README.md"],
  ["[a][x]\n\n[x]: none.md", "docs/a.md:3: none.md leads to docs/none.md, which does not exist"],
  ['<img src="none.svg">', "docs/a.md:1: none.svg leads to docs/none.svg, which does not exist"],
];

for (const [text, complaint] of WRONG) {
  test(`a broken link is a complaint: ${JSON.stringify(text)}`, () => {
    const pages = new Map([["README.md", "# Title"], ["docs/a.md", text]]);
    const files = text.includes("(a.md)") ? [] : [...FILES];
    assertEquals(linkComplaints(pages, files), [complaint]);
  });
}

test("the anchors of a page are those of GitHub", () => {
  const page = "# Hello, `world`!\n## Twice\n## Twice\n## [A link](x.md) & more\n### Größe_1\n" +
    '```sh\n# no heading\n```\n<a id="own"></a>\n';
  assertEquals([...anchorsOf(page)], [
    ...["hello-world", "twice", "twice-1", "a-link--more", "größe_1", "own"],
  ]);
});
