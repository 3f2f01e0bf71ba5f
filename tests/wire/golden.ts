/** The wire as it must be on every runtime: one section a message, its answer escaped. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { escapeBytes } from "../http/transcript.ts";

const FILE = new URL("golden.txt", import.meta.url);

/** An answer as a section of the file; its lines end where those of the wire do. */
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

/** Keeps new answers, which are then read by eye. */
export function writeGolden(sections: readonly string[]): void {
  writeFileSync(FILE, sections.join(""));
}
