/**
 * Packs the npm package, installs it where nothing else is, and uses it there: linted, imported and
 * serving a request as plain JavaScript on each runtime, type-checked without anyone's `@types`.
 *
 * @module
 */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRuntime, ROOT } from "../runtimes.ts";
import { build } from "./build.ts";
import { type Outcome, runCommand } from "./command.ts";
import { readJson } from "./sources.ts";
import type { Step, StepResult } from "./step.ts";
import { type CommandLine, npm, packageProgram, typeChecker } from "./tools.ts";

/** The step that does all this. */
export function npmPackageStep(name: string): Step {
  return { name, run: checkPackage };
}

async function checkPackage(): Promise<StepResult> {
  const built = await build();
  if (built.code !== 0) return { ok: false, detail: built.output };
  const consumer = mkdtempSync(join(tmpdir(), "package-consumer-"));
  try {
    return await usePackage(consumer);
  } finally {
    rmSync(consumer, { recursive: true, force: true });
  }
}

/** Each line runs in the consumer's directory; the first that fails decides. */
async function usePackage(consumer: string): Promise<StepResult> {
  const packed = await runCommand(
    npm("pack", "--ignore-scripts", "--silent", "--pack-destination", consumer),
    { cwd: ROOT },
  );
  if (packed.code !== 0) return failure("npm pack", packed);
  const [archive = "missing.tgz"] = readdirSync(consumer).filter((file) => file.endsWith(".tgz"));
  writeConsumer(consumer);
  for (const [title, command] of consumerCommands(archive)) {
    const outcome = await runCommand(command, { cwd: consumer });
    if (outcome.code !== 0) return failure(title, outcome);
  }
  return { ok: true, note: archive };
}

function consumerCommands(archive: string): [string, CommandLine][] {
  const installed = join("node_modules", "cogen-wsgi");
  const quiet = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"];
  return [
    ["npm install", npm("install", ...quiet, `./${archive}`)],
    ["publint", [
      ...packageProgram("publint", "publint"),
      installed,
      "--strict",
      "--pack",
      "false",
    ]],
    ["type check", [...typeChecker(), "--project", "tsconfig.json"]],
    ["node", [findRuntime("node").command, "use.mjs"]],
    ["deno", [findRuntime("deno").command, "run", "--allow-all", "use.mjs"]],
    ["bun", [findRuntime("bun").command, "use.mjs"]],
  ];
}

function failure(title: string, { output }: Outcome): StepResult {
  return { ok: false, detail: `${title} with the packed package:\n${output}` };
}

function writeConsumer(directory: string): void {
  const specifiers = Object.keys(readExports()).map((path) => path.replace(/^\./, "cogen-wsgi"));
  const files: Record<string, string> = {
    "package.json": JSON.stringify({ name: "consumer", private: true, type: "module" }),
    "tsconfig.json": JSON.stringify({ compilerOptions: CONSUMER_OPTIONS, files: ["use.ts"] }),
    "use.ts": typedProgram(specifiers),
    "use.mjs": plainProgram(specifiers),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
}

function readExports(): Readonly<Record<string, unknown>> {
  return (readJson("package.json") as { exports: Readonly<Record<string, unknown>> }).exports;
}

/** The compiler's own libraries, and the package's declarations checked too. */
const CONSUMER_OPTIONS = {
  strict: true,
  noEmit: true,
  target: "ESNext",
  module: "NodeNext",
  types: [],
  skipLibCheck: false,
};

function typedProgram(specifiers: readonly string[]): string {
  const imports = specifiers.map((name, index) => `import * as part${index} from "${name}";`);
  const uses = specifiers.map((_, index) =>
    `export const keys${index} = Object.keys(part${index});`
  );
  return [...imports, ...uses].join("\n");
}

/** Importing an adapter must touch nothing of its runtime, so each is imported everywhere. */
function plainProgram(specifiers: readonly string[]): string {
  return `
    const names = ${JSON.stringify(specifiers)};
    for (const name of names) {
      const module = await import(name);
      if (Object.keys(module).length === 0) throw new Error(name + " exports nothing");
    }
    const { serve } = await import("cogen-wsgi");
    function* wsgiApp(environ, startResponse) {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      yield "packed";
    }
    const server = await serve({ wsgiApp, bindAddr: ["127.0.0.1", 0] });
    const response = await fetch(server.url);
    const text = await response.text();
    await server.close();
    if (text !== "packed") throw new Error("Answered: " + text);
  `;
}
