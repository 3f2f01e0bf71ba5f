/** The reader of the frames of `tests/corpus/websocket`, whose README defines the format. */

import { readdirSync, readFileSync } from "node:fs";
import { parseFrames } from "./frames.ts";
import type { CaseOptions } from "./transcript.ts";

/** The frames of one connection, and the events that they give. */
export interface FrameCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly options: CaseOptions;
  readonly events: string;
}

/** All cases, by file and in their order. */
export function readFrameCorpus(): FrameCase[] {
  const folder = new URL("../../corpus/websocket/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file !== "README.md").sort();
  return files.flatMap((file) => {
    const sections = readFileSync(new URL(file, folder), "utf8").split(/^## /m).slice(1);
    return sections.map((section) => readCase(file.slice(0, -3), section));
  });
}

function readCase(file: string, section: string): FrameCase {
  const block = (language: string): string | undefined =>
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(section)?.[1];
  const name = `${file}: ${section.slice(0, section.indexOf("\n"))}`;
  const frames = block("frames");
  const events = block("events");
  if (frames === undefined || events === undefined) {
    throw new Error(`Cannot read corpus case "${name}": expected a frames and an events block`);
  }
  return {
    name,
    bytes: parseFrames(frames),
    options: JSON.parse(block("json") ?? "{}") as CaseOptions,
    events: events.trim(),
  };
}
