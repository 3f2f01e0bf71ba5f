/**
 * The file of expected answers, equal on every runtime: a section a message, with its answer escaped.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { escapeBytes } from "../../http/transcript.ts";

const FILE = new URL("golden.txt", import.meta.url);

/** The section of one answer. Its lines end where the lines of the answer end. */
export function section(name: string, answer: string): string {
  const dated = answer.replace(/^Date: .*\r$/gm, "Date: (now)\r");
  return `# ${name}\n${escapeBytes(dated).replaceAll("\\r\\n", "\\r\\n\n")}\n`;
}

/** All sections, by message. */
export function readGolden(): Map<string, string> {
  if (!existsSync(FILE)) return new Map();
  const sections = readFileSync(FILE, "utf8").split(/^(?=# )/m);
  return new Map(sections.map((text) => [text.slice(2, text.indexOf("\n")), text]));
}

/** Replaces the file. The new answers must then be reviewed by eye. */
export function writeGolden(sections: readonly string[]): void {
  writeFileSync(FILE, sections.join(""));
}
