/**
 * The step that runs the examples of the documentation.
 *
 * @module
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../runtimes.ts";
import { runCommand } from "./command.ts";
import { countTests } from "./junit.ts";
import { examplesFile, examplesOf, markdownExamplesOf } from "./rules/examples.ts";
import { listFiles, publishedSources, readJson, readText } from "./sources.ts";
import type { Step, StepResult } from "./step.ts";
import { denoWithImports } from "./tools.ts";

/** Runs each example in the doc comments of the published sources and in `docs`, and those of the README that check themselves, on Deno. */
export function examplesStep(name: string): Step {
  return { name, run: runExamples };
}

async function runExamples(): Promise<StepResult> {
  const examples = [
    ...publishedSources().flatMap((path) => examplesOf(path, readText(path))),
    ...listFiles("docs", ".md").flatMap((path) => markdownExamplesOf(path, readText(path))),
    // The other programs of the README serve until they are ended; the step `readme` runs them.
    ...markdownExamplesOf("README.md", readText("README.md")).filter(({ code }) =>
      code.includes("@std/assert")
    ),
  ];
  const directory = mkdtempSync(join(tmpdir(), "doc-examples-"));
  const report = join(directory, "report.xml");
  const file = join(directory, "examples_test.ts");
  try {
    writeFileSync(file, examplesFile(examples, resolver()));
    const { code, output } = await runCommand(
      denoWithImports(
        ["test", "--quiet", "--allow-all", "--no-check"],
        `--junit-path=${report}`,
        file,
      ),
      { cwd: ROOT },
    );
    if (code !== 0) return { ok: false, detail: output };
    const { passed } = countTests(readFileSync(report, "utf8"));
    const detail = `${examples.length} examples were found, but ${passed} ran.`;
    return { ok: passed > 0 && passed === examples.length, note: `${passed} examples`, detail };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Entry points of this package have an address; other modules keep their specifier. */
function resolver(): (specifier: string) => string {
  const { name, exports } = readJson("deno.json") as {
    name: string;
    exports: Record<string, string>;
  };
  const addresses = new Map(
    Object.entries(exports).map(([path, file]) => [
      path.replace(/^\./, name),
      pathToFileURL(join(ROOT, file)).href,
    ]),
  );
  return (specifier) => addresses.get(specifier) ?? specifier;
}
