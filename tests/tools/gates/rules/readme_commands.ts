/**
 * This file finds the commands of a README: the lines of its `sh` blocks, and the inline code that
 * begins with the name of a program.
 *
 * The step `readme` calls this and runs each of them.
 *
 * @module
 */

/** Inline code that begins with one of these names and a space is a command. */
const PROGRAMS = "npm|npx|node|deno|bun|bunx";

/** A row of the table of runtimes. */
export interface Installation {
  /** `Node`, `Deno` or `Bun`. */
  readonly runtime: string;
  /** The command that gets the package. */
  readonly command: string;
  /** The specifier by which a program then imports the package. */
  readonly specifier: string;
}

/** Every command of a README, once, in the order of the text. */
export function commandsOf(markdown: string): string[] {
  const blocks = /^```(\w*)\n([\s\S]*?)^```/gm;
  const lines = [...markdown.matchAll(blocks)].flatMap(([, language, text = ""]) =>
    language === "sh" ? text.split("\n").filter((line) => line !== "" && !line.startsWith("#")) : []
  );
  const spans = [...markdown.replace(blocks, "").matchAll(/`([^`\n]+)`/g)]
    .flatMap(([, text = ""]) => new RegExp(`^(?:${PROGRAMS}) `).test(text) ? [text] : []);
  return [...new Set([...lines, ...spans])];
}

/** The rows of the table of runtimes: name, command, specifier, and cells that are left out here. */
export function installationsOf(markdown: string): Installation[] {
  const row = /^\| *(Node|Deno|Bun) *\| *`([^`]+)` *\| *`([^`]+)` *\|/gm;
  return [...markdown.matchAll(row)].map(([, runtime = "", command = "", specifier = ""]) => ({
    runtime,
    command,
    specifier,
  }));
}

/** The first program of a section. */
export function programOf(markdown: string, heading: string): string {
  const section = markdown.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const program = /^```ts\n([\s\S]*?)^```/m.exec(section)?.[1];
  if (program === undefined) throw new Error(`The section "${heading}" has no program`);
  return program;
}
