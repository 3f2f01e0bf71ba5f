/** The reader of the headers of `tests/corpus/proxy_protocol`, whose README defines the format. */

import { readdirSync, readFileSync } from "node:fs";
import { formatAddress } from "../../../src/socket/mod.ts";
import {
  ProxyHeaderError,
  ProxyHeaderReader,
  type ProxyVersion,
} from "../../../src/socket/proxy_protocol/mod.ts";
import { escapeBytes, latin1Bytes, latin1Text } from "../../http/transcript.ts";

/** The first bytes of one connection, and the result of the reader. */
export interface HeaderCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly version: ProxyVersion;
  readonly result: string;
}

const SIGNATURE = "\\r\\n\\r\\n\\x00\\r\\nQUIT\\n";

/** All cases, by file and in their order. */
export function readHeaderCorpus(): HeaderCase[] {
  const folder = new URL("../../corpus/proxy_protocol/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file !== "README.md").sort();
  return files.flatMap((file) => {
    const sections = readFileSync(new URL(file, folder), "utf8").split(/^## /m).slice(1);
    return sections.map((section) => readCase(file.slice(0, -3), section));
  });
}

function readCase(file: string, section: string): HeaderCase {
  const block = (language: string): string | undefined =>
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(section)?.[1];
  const name = `${file}: ${section.slice(0, section.indexOf("\n"))}`;
  const bytes = block("bytes");
  const result = block("result");
  if (bytes === undefined || result === undefined) {
    throw new Error(`Cannot read corpus case "${name}": expected a bytes and a result block`);
  }
  const { version = "auto" } = JSON.parse(block("json") ?? "{}") as { version?: ProxyVersion };
  return { name, bytes: bytesOf(bytes), version, result: result.trim() };
}

function bytesOf(text: string): Uint8Array {
  const named: Readonly<Record<string, string>> = { r: "\r", n: "\n", "\\": "\\" };
  const joined = text.replaceAll("\n", "").replaceAll("SIGNATURE", SIGNATURE);
  const repeated = joined.replace(/\((.+?)\)\*(\d+)/g, (_, part: string, count: string) => {
    return part.repeat(Number(count));
  });
  return latin1Bytes(
    repeated.replace(/\\x([\da-f]{2})|\\([rn\\])/g, (_, hex?: string, name?: string) => {
      return name === undefined ? String.fromCharCode(parseInt(hex ?? "", 16)) : named[name] ?? "";
    }),
  );
}

/** The result of a reader that gets the pieces, as the corpus writes it. */
export function resultOf(pieces: readonly Uint8Array[], version: ProxyVersion): string {
  const reader = new ProxyHeaderReader(version);
  try {
    for (const [index, piece] of pieces.entries()) {
      const header = reader.read(piece);
      if (header === undefined) continue;
      const rest = [reader.rest, ...pieces.slice(index + 1)].map(latin1Text).join("");
      const ends = [header.source, header.destination].map((end) => {
        return end === undefined ? "unknown" : escapeBytes(formatAddress(end)) || "-";
      });
      const tlvs = header.tlvs.map(({ type, value }) => {
        const hex = [...value].map((byte) => byte.toString(16).padStart(2, "0")).join("");
        return `tlv ${type.toString(16)} ${hex || "-"}`;
      });
      const head = `v${header.version} ${header.command} ${ends.join(" ")}`;
      return [head, ...tlvs, `rest "${escapeBytes(rest)}"`].join("\n");
    }
    return "incomplete";
  } catch (error) {
    if (!(error instanceof ProxyHeaderError)) throw error;
    return `error ${error.message}`;
  }
}
