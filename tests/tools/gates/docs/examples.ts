/**
 * The steps that check the types of the examples of the documentation, and run them on every runtime.
 *
 * The blocks of code in the README, in `docs` and in the doc comments of the published sources are
 * modules. One process of each runtime imports all of them. `.github/CONTRIBUTING.md` describes the
 * checks.
 *
 * @module
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { denoConfig } from "../../deno_config.ts";
import { findRuntime, PLAIN_LOADER, ROOT, type Runtime, RUNTIME_NAMES } from "../../runtimes.ts";
import { runCommand } from "../command.ts";
import { compiledSources, takesCompiled } from "../compiled/sources.ts";
import { listFiles, publishedSources, readText } from "../sources.ts";
import type { Step, StepResult } from "../step.ts";
import { denoWithImports } from "../tools.ts";
import { type Block, blocksOf, commentBlocksOf } from "./blocks.ts";
import type { ExampleResult } from "./run_examples.ts";
import { addressesToCheck, addressesToRun, type Example, writeExamples } from "./write_examples.ts";

/** Runs each example on each runtime. */
export function examplesStep(name: string): Step {
  return { name, run: runExamples };
}

async function runExamples(): Promise<StepResult> {
  const blocks = [
    ...pageBlocks(),
    ...publishedSources().flatMap((path) => commentBlocksOf(path, readText(path))),
  ];
  const directory = mkdtempSync(join(tmpdir(), "doc-examples-"));
  try {
    const runtimes = RUNTIME_NAMES.map(findRuntime);
    const runs = await Promise.all(
      runtimes.map((runtime) => runOn(runtime, blocks, join(directory, runtime.name))),
    );
    const counts = new Set(runs.map(({ count }) => count));
    const complaints = runs.flatMap(({ complaints }) => complaints);
    return {
      ok: complaints.length === 0,
      note: `${[...counts].join(" or ")} examples on each runtime`,
      detail: complaints.join("\n\n"),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * The step that checks the types of the published sources and of all examples, as a user of Deno sees
 * them. `types:all` checks tests and benchmarks, in a quarter of the time.
 */
export function exampleTypesStep(name: string): Step {
  return { name, run: checkTypes };
}

async function checkTypes(): Promise<StepResult> {
  const directory = mkdtempSync(join(tmpdir(), "doc-types-"));
  try {
    const blocks = pageBlocks().filter(({ isIgnored }) => !isIgnored);
    const modules = writeExamples(blocks, directory, addressesToCheck())
      .map(({ file }) => file).filter((file) => /ts$/.test(file));
    const sources = ["mod.ts", "src", "adapters", "examples"];
    const { code, output } = await runCommand(
      denoWithImports(["check", "--quiet", "--doc"], ...sources, ...modules),
      { cwd: ROOT },
    );
    return { ok: code === 0, detail: output.replaceAll(directory, "") };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The blocks of all pages. */
function pageBlocks(): Block[] {
  const pages = ["README.md", ...listFiles("docs", ".md")];
  return pages.flatMap((path) => blocksOf(path, readText(path)));
}

interface Run {
  readonly count: number;
  readonly complaints: readonly string[];
}

async function runOn(runtime: Runtime, blocks: readonly Block[], directory: string): Promise<Run> {
  const examples = writeExamples(blocks, directory, addressesToRun())
    .filter((example) => example.annotation.notRun === undefined && isFor(runtime, example));
  const list = join(directory, "examples.json");
  const report = join(directory, "results.json");
  writeFileSync(list, JSON.stringify(examples));
  const { code, output } = await runCommand([runtime.command, ...argumentsOf(runtime)], {
    cwd: ROOT,
    env: {
      EXAMPLES: list,
      RESULTS: report,
      ...(takesCompiled(runtime) ? { COMPILED_SOURCES: await compiledSources() } : {}),
    },
  });
  if (code !== 0) {
    return {
      count: 0,
      complaints: [`The examples ended with code ${code} on ${runtime.name}:\n${output}`],
    };
  }
  const results = JSON.parse(readFileSync(report, "utf8")) as ExampleResult[];
  const complaints = results.flatMap(({ place, complaint }) =>
    complaint === undefined ? [] : [`${place} on ${runtime.name}:\n${complaint}`]
  );
  if (results.length === 0) complaints.push(`Not one example ran on ${runtime.name}.`);
  return { count: results.length, complaints };
}

/** An example that uses the interface or the adapter of a runtime runs there alone. */
function isFor({ name }: Runtime, { code, annotation }: Example): boolean {
  if (annotation.runtimes !== undefined) return annotation.runtimes.includes(name);
  if (/\bDeno\.(?!test\b)|\/adapters\/deno"/.test(code)) return name === "deno";
  if (/\bBun\.|\/adapters\/bun"/.test(code)) return name === "bun";
  return true;
}

function argumentsOf(runtime: Runtime): string[] {
  const program = fileURLToPath(new URL("./run_examples.ts", import.meta.url));
  switch (runtime.name) {
    case "node":
    case "currentNode":
      return ["--import", PLAIN_LOADER, program];
    case "deno":
      return ["run", "--allow-all", "--no-check", "--config", denoConfig(runtime.command), program];
    case "bun":
      return [program];
  }
}
