/**
 * This file makes `llms.txt`, the list of the documentation for language models (https://llmstxt.org).
 *
 * The sections and pages are those of `docs/README.md`. A page without a description there has the first
 * sentence of its text. `llms_step.ts` calls this.
 *
 * @module
 */

import { posix } from "node:path";

/** Matches an entry of a list that is a link, with the text behind it. */
const ENTRY = /^- \[([^\]]+)\]\(([^)#]+)\)(?:: (.+))?/;

/**
 * Makes the text of `llms.txt`.
 *
 * @param read Gives the text of a page of the repository.
 */
export function llmsText(read: (path: string) => string): string {
  const readme = read("README.md");
  const title = /^# (.+)$/m.exec(readme)?.[1] ?? "";
  const lines = [`# ${title}`, "", `> ${summaryOf(readme)}`];
  for (const line of read("docs/README.md").split("\n")) {
    const heading = /^## (.+)$/.exec(line)?.[1];
    if (heading !== undefined) lines.push("", `## ${heading}`, "");
    const [, text = "", target = "", description] = ENTRY.exec(line) ?? [];
    if (target === "") continue;
    const path = posix.join("docs", target);
    lines.push(`- [${text}](${path}): ${description ?? summaryOf(read(path))}`);
  }
  lines.push("", "## Optional", "", ...OPTIONAL.map((path) => describe(path, read(path))));
  return `${lines.join("\n").replaceAll(/\n{3,}/g, "\n\n")}\n`;
}

const OPTIONAL: readonly string[] = [
  ...["examples/README.md", "src/README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md"],
];

function describe(path: string, page: string): string {
  return `- [${/^# (.+)$/m.exec(page)?.[1] ?? path}](${path})`;
}

/** The first sentence of the first paragraph of a page, without links and emphasis. */
export function summaryOf(page: string): string {
  const prose = page.replaceAll(/^```[^]*?^```$/gm, "").replaceAll(/<!--[^]*?-->/g, "");
  const paragraph = prose.split(/\n{2,}/).map((text) => text.trim())
    .find((text) => /^[\p{L}\p{N}`*"[]/u.test(text)) ?? "";
  const plain = paragraph.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("**", "")
    .replaceAll(/\s+/g, " ");
  return /^(?:`[^`]*`|[^.:`]|[.:](?!\s|$))+[.:]?/.exec(plain)?.[0].replace(/:$/, ".") ?? plain;
}
