/**
 * The step that runs the tests of the example site in a browser, if the machine has one.
 *
 * @module
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browserCommand } from "../../../examples/browser/browser_command.ts";
import { findRuntime, PLAIN_LOADER, ROOT } from "../../runtimes.ts";
import { runCommand } from "../command.ts";
import { compiledSources } from "../compiled/sources.ts";
import { countTests } from "./junit.ts";
import { complain } from "./run_tests.ts";
import { notChecked, type Step, type StepResult } from "../step.ts";

const PROGRAM = "tests/examples/browser/main.ts";

/** Runs the tests of `tests/examples/browser`. */
export function browserStep(name: string): Step {
  return { name, run: runBrowserTests };
}

async function runBrowserTests(): Promise<StepResult> {
  if (browserCommand() === undefined) return notChecked("needs Chromium");
  const directory = mkdtempSync(join(tmpdir(), "browser-tests-"));
  try {
    const report = join(directory, "report.xml");
    const runtime = findRuntime("node");
    const { code, output } = await runCommand(
      [
        runtime.command,
        ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
        ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
        ...["--import", PLAIN_LOADER, PROGRAM],
      ],
      { cwd: ROOT, env: { COMPILED_SOURCES: await compiledSources() } },
    );
    const tests = countTests(readFileSync(report, "utf8"));
    const complaint = complain(code, tests);
    const note = `${tests.passed} passed, ${tests.failed} failed`;
    return { ok: complaint === undefined, note, detail: `${complaint}\n${output}`, tests };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
