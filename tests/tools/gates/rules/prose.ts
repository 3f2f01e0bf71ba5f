/**
 * This rule counts pronouns in prose. A pronoun as a subject hides the noun of the field, and the
 * reader must guess the thing. A few pronouns are good English; many make a text hard to read.
 *
 * The count is a rate for each folder: pronouns in 1,000 words of comments, or of a Markdown file.
 * Blocks of code, `inline code`, strings and templates are left out. The step `prose` calls this.
 *
 * @module
 */

import { posix } from "node:path";
import { commentsOf, countLineFeeds } from "./source_text.ts";

/** The largest number of pronouns in 1,000 words of a folder. */
const MAX_RATE = 3;

const PRONOUN =
  /\b(?:who|whose|whom|whoever|nobody|somebody|someone|everybody|anybody|what|whatever)\b/gi;

const WORD = /[A-Za-z][A-Za-z'’-]*/g;

/** The prose of one folder. */
interface Folder {
  words: number;
  /** `file:line: the line`, for each pronoun. */
  readonly found: string[];
}

/** Gives a complaint for each folder with too many pronouns. `files` are pairs of path and text. */
export function checkProse(files: Iterable<readonly [path: string, text: string]>): string[] {
  const folders = new Map<string, Folder>();
  for (const [path, text] of files) {
    const name = posix.dirname(path) === "." ? path : posix.dirname(path);
    const folder = folders.get(name) ?? { words: 0, found: [] };
    folders.set(name, folder);
    countProse(path, text, folder);
  }
  return [...folders].sort().flatMap(([name, { words, found }]) => {
    const rate = 1000 * found.length / Math.max(1, words);
    if (rate < MAX_RATE) return [];
    return [
      [
        `${name}: ${rate.toFixed(1)} pronouns in 1,000 words, ${MAX_RATE} are too many:`,
        ...found,
      ].join("\n  "),
    ];
  });
}

function countProse(path: string, text: string, folder: Folder): void {
  const parts = path.endsWith(".md") ? [{ line: 1, text }] : commentsOf(text);
  for (const part of parts) {
    const prose = blankCode(part.text);
    const lines = prose.split("\n");
    folder.words += prose.match(WORD)?.length ?? 0;
    for (const { index } of prose.matchAll(PRONOUN)) {
      const offset = countLineFeeds(prose.slice(0, index));
      folder.found.push(`${path}:${part.line + offset}: ${lines[offset]?.trim()}`);
    }
  }
}

/** Replaces code by blanks. The lines keep their numbers. */
function blankCode(prose: string): string {
  return prose
    .replace(/```[\s\S]*?```/g, (block) => "\n".repeat(countLineFeeds(block)))
    .replace(/`[^`\n]*`/g, "");
}
