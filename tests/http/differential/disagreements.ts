/**
 * The reader of `disagreements.md`: the messages that other parsers read differently, by the deciding
 * rule.
 */

import { readFileSync } from "node:fs";

/** One message that another parser reads differently. */
export interface Disagreement {
  /** The name of the message in the corpus. */
  readonly message: string;
  readonly parser: string;
  /** The kind of difference: a result of `disagreement`. */
  readonly kind: string;
}

/** A rule, its source, and the disagreements that it decides. */
export interface DecidedBy {
  readonly rule: string;
  readonly quote: string;
  readonly source: string;
  readonly disagreements: readonly Disagreement[];
}

/** All sections of the file. */
export function readDisagreements(): DecidedBy[] {
  const text = readFileSync(new URL("disagreements.md", import.meta.url), "utf8");
  return text.split(/^## /m).slice(1).map(readSection);
}

function readSection(section: string): DecidedBy {
  const lines = section.split("\n");
  const quoted = lines.filter((line) => line.startsWith(">")).map((line) => line.slice(1).trim());
  const rows = lines.filter((line) => line.startsWith("|")).map(readRow);
  const [, ...parsers] = rows[0] ?? [];
  return {
    rule: lines[0] ?? "",
    quote: quoted.slice(0, -2).join(" "),
    source: quoted.at(-1) ?? "",
    // The second row of a table is a row of dashes.
    disagreements: rows.slice(2).flatMap(([message = "", ...kinds]) =>
      kinds.flatMap((kind, index) =>
        kind === "" ? [] : { message, parser: parsers[index] ?? "", kind }
      )
    ),
  };
}

function readRow(line: string): string[] {
  return line.split("|").slice(1, -1).map((cell) => cell.trim());
}
