/** The examples in the documentation, run and counted. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../runtimes.ts";
import { runCommand } from "./command.ts";
import { countTests } from "./junit.ts";
import { publishedSources } from "./sources.ts";
import type { Step, StepResult } from "./step.ts";
import { denoWithImports } from "./tools.ts";

/** The step that runs every example of every published source. */
export function examplesStep(name: string): Step {
  return { name, run: runExamples };
}

async function runExamples(): Promise<StepResult> {
  const directory = mkdtempSync(join(tmpdir(), "doc-report-"));
  const report = join(directory, "report.xml");
  try {
    const { code, output } = await runCommand(
      denoWithImports(
        ["test", "--quiet", "--doc", "--allow-all"],
        `--junit-path=${report}`,
        ...publishedSources(),
      ),
      { cwd: ROOT },
    );
    if (code !== 0) return { ok: false, detail: output };
    const { passed } = countTests(readFileSync(report, "utf8"));
    return { ok: passed > 0, note: `${passed} examples`, detail: "Not one example was found." };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
