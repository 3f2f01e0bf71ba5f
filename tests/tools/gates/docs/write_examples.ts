/**
 * This file writes the blocks of code as modules, so that `run_examples.ts` can import them and Deno can
 * check their types.
 *
 * The blocks of a page are in a folder of the page's name. A block without a name of its own is
 * `line_N.ts`. The code of a module is at the lines that it has in the page, so that the stack of an
 * error tells them. The trap: each runtime needs modules of its own, because an example may write files.
 *
 * @module
 */

import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../runtimes.ts";
import { readJson } from "../sources.ts";
import { type Annotation, type Block, MODULE_LANGUAGES } from "./blocks.ts";

/** A block that is a module. */
export interface Example {
  /** `path:line` of its code. */
  readonly place: string;
  /** The folder of the page, in which the example runs. */
  readonly folder: string;
  readonly file: string;
  readonly code: string;
  /** Whether the block must do more than load without an error. */
  readonly checked: boolean;
  readonly annotation: Annotation;
  readonly output?: string;
}

const GATES = "tests/tools/gates/docs";
const FIXTURES = ["cert.pem", "key.pem"];

/** The address of each module that a block may import by a name. */
export type Addresses = ReadonlyMap<string, string>;

/** Writes the blocks below `directory`. Returns the examples among them. */
export function writeExamples(
  blocks: readonly Block[],
  directory: string,
  addresses: Addresses,
): Example[] {
  mkdirSync(directory, { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"), "junction");
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  return blocks.flatMap((block) => {
    const { path, line, language, annotation } = block;
    const isModule = MODULE_LANGUAGES.includes(language);
    if (!isModule && annotation.file === undefined) return [];
    const folder = join(directory, path);
    const file = join(
      folder,
      annotation.file ?? `line_${line}.${/^m?j/.test(language) ? "js" : "ts"}`,
    );
    if (folder !== file) mkdirSync(dirname(file), { recursive: true });
    for (const name of FIXTURES) {
      cpSync(join(ROOT, "tests/support/tls", name), join(folder, name));
    }
    writeFileSync(file, isModule ? moduleOf(block, addresses) : block.code);
    if (!isModule) return [];
    return [{
      place: `${path}:${line}`,
      folder,
      file,
      code: block.code,
      checked: path.endsWith(".md"),
      annotation,
      ...(block.output === undefined ? {} : { output: block.output }),
    }];
  });
}

/**
 * The source of a block: each known specifier becomes an address, and each line keeps its number. An
 * export makes a block a module that imports nothing.
 */
export function moduleOf({ line, code }: Block, addresses: Addresses): string {
  const specifier = /((?<![.\w$])(?:from|import)\s*\(?\s*)"([^"\n]+)"/g;
  const resolved = code.replace(
    specifier,
    (whole: string, before: string, name: string) =>
      addresses.has(name) ? `${before}"${addresses.get(name)}"` : whole,
  );
  return `${"\n".repeat(line - 1)}${resolved}export {};\n`;
}

/** The addresses for running: those of the package's entries, with a `serve` of the gates, and of test runners. */
export function addressesToRun(): Addresses {
  const runner = addressOf(`${GATES}/test_runner.ts`);
  return new Map([
    ...addressesToCheck(),
    ...packageNames().map((name) => [name, addressOf(`${GATES}/served.ts`)] as const),
    ["node:test", runner],
    ["bun:test", runner],
  ]);
}

/** The addresses for checking types: those of the package's entries, under both names of the package. */
export function addressesToCheck(): Addresses {
  const { exports } = readJson("deno.json") as { exports: Record<string, string> };
  return new Map(
    Object.entries(exports).flatMap(([path, file]) =>
      packageNames().map((name) => [path.replace(/^\./, name), addressOf(file)] as const)
    ),
  );
}

function packageNames(): string[] {
  return ["deno.json", "package.json"].map((path) => (readJson(path) as { name: string }).name);
}

function addressOf(path: string): string {
  return pathToFileURL(join(ROOT, path)).href;
}
