import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { llmsText, summaryOf } from "./llms.ts";

const PAGES: Readonly<Record<string, string>> = {
  "README.md": "# thing\n\nA **server** for [apps](x.md) of `a.b. c`. It is fast.\n",
  "docs/README.md":
    "# Docs\n\nPages.\n\n## Guides\n\n- [Poll](how_to/poll.md)\n- [Send](send.md): how to send\n- no link\n",
  "docs/how_to/poll.md": "# Poll\n\n```ts\ncode;\n```\n\nPolls wait: they cost little.\n",
  "docs/send.md": "# Send\n",
  "examples/README.md": "# Examples\n",
  "src/README.md": "# The engine\n",
  "CHANGELOG.md": "# Changelog\n",
  ".github/CONTRIBUTING.md": "# Contributing\n",
};

test("llms.txt has the title, the summary and each page with a description", () => {
  assertEquals(
    llmsText((path) => PAGES[path] ?? ""),
    `# thing

> A server for apps of \`a.b. c\`.

## Guides

- [Poll](docs/how_to/poll.md): Polls wait.
- [Send](docs/send.md): how to send

## Optional

- [Examples](examples/README.md)
- [The engine](src/README.md)
- [Changelog](CHANGELOG.md)
- [Contributing](.github/CONTRIBUTING.md)
`,
  );
});

test("a summary is the first sentence of the first paragraph", () => {
  assertEquals(
    summaryOf("# A\n\n| table |\n\nVersion 1.5 is\nhere. More.\n"),
    "Version 1.5 is here.",
  );
  assertEquals(summaryOf("# A\n"), "");
});
