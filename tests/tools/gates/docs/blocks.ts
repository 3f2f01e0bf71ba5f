/**
 * This file finds the blocks of code in Markdown files and in doc comments, and reads the annotations of
 * the blocks.
 *
 * An annotation is an HTML comment in the line before the fence, which no reader sees. Its clauses are
 * separated by `;`. `.github/CONTRIBUTING.md` describes them. `examples.ts` calls this.
 *
 * @module
 */

import { RUNTIME_NAMES, type RuntimeName } from "../../runtimes.ts";
import { commentsOf, countLineFeeds } from "../rules/source_text.ts";

/** A block of code of any language. */
export interface Block {
  /** The file that has the block. */
  readonly path: string;
  /** The line of the first line of code, counted from 1. */
  readonly line: number;
  /** The first word after the fence, such as `ts`. */
  readonly language: string;
  readonly code: string;
  /** Whether the fence has the word `ignore`: the types are not checked. */
  readonly isIgnored: boolean;
  readonly annotation: Annotation;
  /** The text of the next block of the page, if that is a `text` block under the same heading. */
  readonly output?: string;
}

/** The clauses of an annotation. */
export interface Annotation {
  /** `file app.ts`: the name by which other blocks of the page find this one. */
  readonly file?: string;
  /** `on deno, bun`: the runtimes of this block. Without the clause: all. */
  readonly runtimes?: readonly RuntimeName[];
  /** `GET / 200`: the requests to the app of this block. Without a clause: `GET /`, with any status below 500. */
  readonly requests: readonly ExpectedAnswer[];
  /** `waits`: the app of this block waits for another request when nothing else happens. */
  readonly waits: boolean;
  /** `declares`: the block shows a type or a function that another block uses. It is only loaded. */
  readonly declares: boolean;
  /** `not run: reason`. */
  readonly notRun?: string;
}

/** A request to the app of a block, and its answer. */
export interface ExpectedAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** The name of the error that the app throws. */
  readonly error?: string;
}

/** The languages of blocks that are modules. */
export const MODULE_LANGUAGES: readonly string[] = [
  "ts",
  "mts",
  "js",
  "mjs",
  "typescript",
  "javascript",
];

const FENCE =
  /^(?<annotations>(?:[ \t]*<!--(?:(?!-->)[^])*-->[ \t]*\n+)*)(?<indent>[ \t]*)(?<ticks>`{3,})(?<info>[^\n`]*)\n(?<code>[^]*?)^[ \t]*\k<ticks>[ \t]*$/gm;

const COMMENT_FENCE = /^((?:<!--(?:(?!-->)[^])*-->[ \t]*\n+)*)```ts[ \t]*\n([^]*?)^```/gm;

/** The blocks of a Markdown file, in order. */
export function blocksOf(path: string, markdown: string): Block[] {
  const matches = [...markdown.matchAll(FENCE)];
  return matches.map((match, index) => {
    const { annotations = "", indent = "", info = "", code = "" } = match.groups ?? {};
    const end = match.index + match[0].length;
    const next = matches[index + 1];
    const between = next && markdown.slice(end, next.index);
    const isOutput = next?.groups?.["info"]?.trim() === "text" && !/^#/m.test(between ?? "#");
    const [language = ""] = info.trim().split(/\s+/);
    const line = countLineFeeds(markdown.slice(0, match.index + annotations.length)) + 2;
    const annotation = readAnnotation(annotations, `${path}:${line}`);
    const isIgnored = /\bignore\b/.test(info);
    if (isIgnored && annotation.notRun === undefined) {
      throw new Error(`${path}:${line}: write <!-- example: not run: reason --> before the block`);
    }
    return {
      path,
      line,
      language,
      code: withoutIndent(code, indent),
      isIgnored,
      annotation,
      ...(isOutput
        ? { output: withoutIndent(next.groups?.["code"] ?? "", next.groups?.["indent"] ?? "") }
        : {}),
    };
  });
}

/** The blocks of `ts` in the doc comments of a source, except those that are marked with `ignore`. */
export function commentBlocksOf(path: string, source: string): Block[] {
  return commentsOf(source).filter(({ text }) => text.startsWith("/**")).flatMap((comment) => {
    const text = comment.text.replace(/^[ \t]*\*(?!\/) ?/gm, "");
    return [...text.matchAll(COMMENT_FENCE)].map(
      ({ 1: annotations = "", 2: code = "", index }) => {
        const line = comment.line + countLineFeeds(text.slice(0, index) + annotations) + 1;
        return {
          path,
          line,
          language: "ts",
          code,
          isIgnored: false,
          annotation: readAnnotation(annotations, `${path}:${line}`),
        };
      },
    );
  });
}

function withoutIndent(code: string, indent: string): string {
  return indent === "" ? code : code.replaceAll(new RegExp(`^${indent}`, "gm"), "");
}

/** Reads the comments before a fence. Comments that do not begin with `example:` are of other use. */
function readAnnotation(comments: string, place: string): Annotation {
  const clauses = [...comments.matchAll(/<!--\s*example:([^]*?)-->/g)]
    .flatMap(([, text = ""]) => splitClauses(text.trim()));
  const read = clauses.map((clause) => readClause(clause, place));
  const requests = read.flatMap((clause) => clause.requests ?? []);
  return Object.assign({ waits: false, declares: false }, ...read, { requests });
}

/** A reason may contain `;`, so it is the last clause. */
function splitClauses(text: string): string[] {
  const at = text.search(/\bnot run:/);
  const [first, last] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at)];
  return [...first.split(";"), last].map((clause) => clause.trim()).filter((clause) =>
    clause !== ""
  );
}

function readClause(clause: string, place: string): Partial<Annotation> {
  const [word = "", ...rest] = clause.split(/\s+/);
  if (clause === "waits") return { waits: true };
  if (clause === "declares") return { declares: true };
  if (word === "file" && rest.length === 1) return { file: rest[0] as string };
  if (/^not run: ./.test(clause)) return { notRun: clause.slice("not run: ".length) };
  if (word === "on") {
    const names = rest.join(" ").split(/[\s,]+/) as RuntimeName[];
    if (names.every((name) => RUNTIME_NAMES.includes(name))) return { runtimes: names };
  }
  const request = /^([A-Z]+) (\/\S*) (\d{3})(?: (\w+))?$/.exec(clause);
  if (request !== null) {
    const [, method = "", path = "", status, error] = request;
    return {
      requests: [{
        method,
        path,
        status: Number(status),
        ...(error === undefined ? {} : { error }),
      }],
    };
  }
  throw new Error(
    `${place}: no clause of an example is \`${clause}\`: expected \`file NAME\`, ` +
      `\`on ${RUNTIME_NAMES.join(", ")}\`, \`GET /path 200\`, \`GET /path 500 NameOfError\`, ` +
      "`waits`, `declares` or `not run: reason`",
  );
}
