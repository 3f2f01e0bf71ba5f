/**
 * Runs the test files on one runtime, each in a process of its own.
 *
 * A process a file means that a file which hangs, exits early or reports nothing is found and named,
 * on every runtime alike. A file fails when one of its tests does, when its process ends badly, or
 * when it reports no test at all; a file that is not for this runtime says so with skipped tests.
 *
 * @module
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { denoConfig } from "../deno_config.ts";
import { findRuntime, ROOT, type Runtime, type RuntimeName, tsxLoader } from "../runtimes.ts";
import { runCommand } from "./command.ts";
import { countTests } from "./junit.ts";
import { testFiles } from "./sources.ts";
import type { Step, StepOptions, StepResult, TestCount } from "./step.ts";

/** A test file that has not ended by then hangs. */
const FILE_SECONDS = 120;

/** How the tests of one file went. */
export interface FileRun {
  readonly path: string;
  readonly count: TestCount;
  /** What is wrong, or `undefined`. */
  readonly complaint: string | undefined;
}

/** The step that runs every test file on one runtime. */
export function testStep(name: string, runtimeName: RuntimeName): Step {
  return { name, run: (options) => runTests(findRuntime(runtimeName), options) };
}

async function runTests(runtime: Runtime, { files }: StepOptions): Promise<StepResult> {
  const chosen = testFiles().filter((path) =>
    files.length === 0 || files.some((part) => path.includes(part))
  );
  const reports = mkdtempSync(join(tmpdir(), "test-reports-"));
  try {
    const runs: FileRun[] = [];
    for (const path of chosen) {
      runs.push(await runFile(runtime, path, join(reports, `${runs.length}.xml`)));
    }
    return judge(runtime, runs);
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

async function runFile(runtime: Runtime, path: string, report: string): Promise<FileRun> {
  const { code, output } = await runCommand([
    runtime.command,
    ...testArguments(runtime, path, report),
  ], {
    cwd: ROOT,
    timeoutSeconds: FILE_SECONDS,
  });
  const count = countTests(readReport(report));
  const complaint = complain(code, count);
  return { path, count, complaint: complaint && `--- ${path}: ${complaint}\n${quieten(output)}` };
}

/** Whoever reads about a failure does not look for what passed. */
function quieten(output: string): string {
  const passed = /^\s*(?:✔ |\(pass\) |ℹ )|^.* \.\.\. (?:.* )?ok \(/;
  return output.split("\n").filter((line) => !passed.test(line)).join("\n");
}

/** Tells what is wrong with a file that ended with `code`; `undefined` when nothing is. */
export function complain(
  code: number | undefined,
  { passed, failed, skipped }: TestCount,
): string | undefined {
  if (failed > 0) return `${failed} failed`;
  if (code === undefined) return "did not end by itself";
  if (code !== 0) return `no test failed, but it ended with code ${code}`;
  if (passed + skipped === 0) return "reported no test";
  return undefined;
}

/** Sums up; a complaint about a whole file counts as one failed test. */
export function judge(
  runtime: Pick<Runtime, "name" | "version">,
  runs: readonly FileRun[],
): StepResult {
  const tests = {
    passed: sum(runs, (run) => run.count.passed),
    failed: sum(runs, (run) => run.complaint === undefined ? 0 : Math.max(1, run.count.failed)),
    skipped: sum(runs, (run) => run.count.skipped),
  };
  const none = tests.passed + tests.failed === 0;
  const complaints = runs.flatMap((run) => run.complaint ?? []);
  if (none) complaints.push(`Not one test ran on ${runtime.name}.`);
  return {
    ok: complaints.length === 0,
    note: describe(runtime, runs.length, tests),
    detail: complaints.join("\n"),
    tests,
  };
}

function describe(runtime: Pick<Runtime, "version">, files: number, tests: TestCount): string {
  const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : "";
  return `${runtime.version}: ${tests.passed} passed, ${tests.failed} failed${skipped}, ${files} files`;
}

function sum(runs: readonly FileRun[], value: (run: FileRun) => number): number {
  return runs.reduce((total, run) => total + value(run), 0);
}

function testArguments(runtime: Runtime, path: string, report: string): string[] {
  const nodeReporters = [
    "--test-reporter=junit",
    `--test-reporter-destination=${report}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
  ];
  switch (runtime.name) {
    case "node":
      return ["--import", tsxLoader(), ...nodeReporters, path];
    case "currentNode":
      return [...nodeReporters, path];
    case "deno":
      return [
        ...["test", "--allow-all", "--no-check", "--config", denoConfig(runtime.command)],
        ...[`--junit-path=${report}`, path],
      ];
    case "bun":
      return ["test", "--reporter=junit", `--reporter-outfile=${report}`, `./${path}`];
  }
}

/** A runner that ran no test may write no report. */
function readReport(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
