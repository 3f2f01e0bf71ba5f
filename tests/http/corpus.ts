/** The reader of the message corpus. `tests/corpus/README.md` defines the format of its files. */

import { readdirSync, readFileSync } from "node:fs";
import type { ParserLimits } from "../../src/http/mod.ts";
import { latin1Bytes } from "./transcript.ts";

/** One message, and the events that it gives. */
export interface CorpusCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly limits: Partial<ParserLimits>;
  readonly events: string;
}

/** All cases of tests/corpus, by file and in their order. */
export function readCorpus(): CorpusCase[] {
  const folder = new URL("../corpus/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".md") && file !== "README.md");
  return files.sort().flatMap((file) => {
    const text = readFileSync(new URL(file, folder), "utf8");
    const sections = text.split(/^## /m).slice(1);
    return sections.map((section) => readCase(file.slice(0, -3), section));
  });
}

function readCase(file: string, section: string): CorpusCase {
  const name = `${file}: ${section.slice(0, section.indexOf("\n"))}`;
  const message = block(section, "http");
  const events = block(section, "events");
  if (message === undefined || events === undefined) {
    throw new Error(`Cannot read corpus case "${name}": expected an http and an events block`);
  }
  return {
    name,
    bytes: latin1Bytes(unescapeMessage(message)),
    limits: JSON.parse(block(section, "json") ?? "{}") as Partial<ParserLimits>,
    events: events.trimEnd(),
  };
}

function block(section: string, language: string): string | undefined {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(section)?.[1];
}

/** The bytes that an http block stands for, as a latin-1 string. */
export function unescapeMessage(text: string): string {
  const named: Record<string, string> = { r: "\r", n: "\n", t: "\t", "\\": "\\", "\n": "" };
  return text.replace(
    /\\x([0-9a-f]{2})|\\([rnt\\\n])|\n/g,
    (escape, hex?: string, name?: string) => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      return name === undefined ? "\r\n" : named[name] ?? escape;
    },
  );
}
