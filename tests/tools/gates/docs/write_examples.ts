/**
 * This file writes the blocks of code as modules, so that `run_examples.ts` can import them.
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

/** Writes the blocks below `directory`. Returns the examples among them. */
export function writeExamples(blocks: readonly Block[], directory: string): Example[] {
  mkdirSync(directory, { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"), "junction");
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  const addresses = addressesOf();
  return blocks.flatMap((block) => {
    const { path, line, language, annotation } = block;
    const isModule = MODULE_LANGUAGES.includes(language);
    if (!isModule && annotation.file === undefined) return [];
    const folder = join(directory, path);
    const file = join(folder, annotation.file ?? `line_${line}.ts`);
    if (folder !== file) mkdirSync(dirname(file), { recursive: true });
    for (const name of FIXTURES) {
      cpSync(join(ROOT, "tests/support/tls", name), join(folder, name));
    }
    writeFileSync(file, isModule ? moduleOf(block, addresses) : block.code);
    if (!isModule || annotation.notRun !== undefined) return [];
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

/** The source of a block: each known specifier becomes an address, and each line keeps its number. */
export function moduleOf({ line, code }: Block, addresses: ReadonlyMap<string, string>): string {
  const specifier = /((?<![.\w$])(?:from|import)\s*\(?\s*)"([^"\n]+)"/g;
  const resolved = code.replace(
    specifier,
    (whole: string, before: string, name: string) =>
      addresses.has(name) ? `${before}"${addresses.get(name)}"` : whole,
  );
  return "\n".repeat(line - 1) + resolved;
}

/** The addresses of the package's entries, under both names of the package, and of test runners. */
function addressesOf(): ReadonlyMap<string, string> {
  const { name, exports } = readJson("deno.json") as {
    name: string;
    exports: Record<string, string>;
  };
  const address = (path: string) => pathToFileURL(join(ROOT, path)).href;
  const entries = Object.entries(exports).flatMap(([path, file]) => {
    const module = address(path === "." ? `${GATES}/served.ts` : file);
    return [name, "cogen-wsgi"].map((start) => [path.replace(/^\./, start), module] as const);
  });
  const runner = address(`${GATES}/test_runner.ts`);
  return new Map([...entries, ["node:test", runner], ["bun:test", runner]]);
}
