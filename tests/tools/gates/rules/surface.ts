/**
 * This rule lists the public names, so that a review shows each change of them: the step `surface`
 * fails if the committed list is not the list of the sources.
 *
 * The names come from `deno doc`; the modules themselves tell which of them are values. So a class
 * that is exported only as a type is listed as one.
 *
 * @module
 */

/** The part of the output of `deno doc --json` that is read here. */
export interface DocOutput {
  /** The documentation, by the URL of each entry point. */
  readonly nodes: Readonly<Record<string, { readonly symbols: readonly DocSymbol[] }>>;
}

interface DocSymbol {
  readonly name: string;
}

/** An entry point, by its key in the `exports` of `deno.json`, with its names and values. */
export interface EntryPoint {
  readonly name: string;
  /** All names, in any order. */
  readonly names: readonly string[];
  /** The module's namespace. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** The list: a line for each name, below a line for its entry point. */
export function listSurface(entries: readonly EntryPoint[]): string {
  const blocks = entries.map(({ name, names, values }) => {
    const missing = Object.keys(values).filter((value) => !names.includes(value));
    const lines = [...names, ...missing].sort(byCode)
      .map((symbol) => `  ${kindOf(symbol, values).padEnd(8)} ${symbol}`);
    return [`${name} (${lines.length})`, ...lines, ""].join("\n");
  });
  return [HEADING, ...blocks].join("\n");
}

/** The lines by which two lists differ, each below its entry point. */
export function surfaceChanges(committed: string, current: string): string[] {
  const before = readList(committed);
  const after = readList(current);
  const removed = [...before].filter((line) => !after.has(line)).map((line) => `- ${line}`);
  const added = [...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`);
  return [...removed, ...added];
}

const HEADING = "Every public name. `npm test -- --only surface --update` writes this file.\n";

function kindOf(name: string, values: Readonly<Record<string, unknown>>): string {
  if (!Object.hasOwn(values, name)) return "type";
  const value = values[name];
  if (typeof value !== "function") return "constant";
  return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
}

/** `entry point: kind name`, for each line of a list. */
function readList(text: string): Set<string> {
  const lines = new Set<string>();
  let entry = "";
  for (const line of text.split("\n")) {
    const heading = /^(\.\S*) \(\d+\)$/.exec(line)?.[1];
    if (heading !== undefined) entry = heading;
    else if (line.startsWith("  ")) lines.add(`${entry}: ${line.trim().replace(/ +/, " ")}`);
  }
  return lines;
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
