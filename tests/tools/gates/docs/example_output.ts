/**
 * This file compares the output of an example with the `text` block that shows it.
 *
 * `…` in the block stands for any text of a line, and a line of `…` alone for any lines.
 * `run_examples.ts` calls this.
 *
 * @module
 */

/** The difference between the shown and the actual output; `undefined` if there is none. */
export function outputDifference(shown: string, actual: string): string | undefined {
  const escape = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const lines = shown.trimEnd().split("\n").map((line) =>
    line.trim() === "…" ? "(?:.*\n)*?.*" : line.trimEnd().split("…").map(escape).join(".*")
  );
  if (new RegExp(`^${lines.join("\n")}$`).test(actual.trimEnd())) return undefined;
  return `The page shows the output\n${indent(shown)}\nbut the output is\n${indent(actual)}`;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "    ");
}
