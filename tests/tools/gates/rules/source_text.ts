/**
 * This file separates the comments, the strings and the code of a source.
 *
 * One regular expression finds comments and strings, in the order in which they begin. A whole
 * template counts as a string. The trap: a regular expression literal that holds a quote or `//` is
 * not known as one, so it may hide the rest of its line. The gates that read sources as text call
 * this.
 *
 * @module
 */

const COMMENT_OR_STRING =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

/** A comment with its delimiters. */
export interface Comment {
  /** The line of its first character, counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** The comments of a source, in order. */
export function commentsOf(source: string): Comment[] {
  const comments: Comment[] = [];
  let line = 1;
  let counted = 0;
  for (const { 0: text, index } of source.matchAll(COMMENT_OR_STRING)) {
    if (!text.startsWith("/")) continue;
    line += countLineFeeds(source.slice(counted, index));
    counted = index;
    comments.push({ line, text });
  }
  return comments;
}

/** The source with a space for each comment. */
export function blankComments(source: string): string {
  return source.replace(COMMENT_OR_STRING, (match) => match.startsWith("/") ? " " : match);
}

/**
 * Empties the strings of code without comments. The expressions in a template stay, because they
 * are code.
 */
export function blankStrings(code: string): string {
  return code.replace(COMMENT_OR_STRING, (match) => {
    if (!match.startsWith("`")) return '""';
    const expressions = [...match.matchAll(/\$\{([^}]*)\}/g)].map((found) => found[1]);
    return `[${expressions.join(", ")}]`;
  });
}

/** The specifiers of static, dynamic and type imports, and of re-exports, in code without comments. */
export function importedModules(code: string): string[] {
  const pattern = /(?<![.\w$])(?:from|import\s*\(?)\s*(["'`])([^"'`\n]*)\1/g;
  return [...code.matchAll(pattern)].map((match) => match[2] ?? "");
}

/** The number of line feeds in a text. */
export function countLineFeeds(text: string): number {
  return text.split("\n").length - 1;
}
