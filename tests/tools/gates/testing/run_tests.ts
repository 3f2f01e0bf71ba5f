/**
 * This file runs the test files on one runtime, many in one process.
 *
 * A file with a failed test, or without a test in the report of its process, runs again by itself. If a
 * process fails without such a file, all of its files run again. A file fails when one of its tests
 * fails, when its process ends with an error, or when it reports no test at all. A file that is not for
 * this runtime has skipped tests. Files of `ALONE` and `IDLE` have a process each from the beginning. The steps
 * `tests:*` call this.
 *
 * @module
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { denoConfig } from "../../deno_config.ts";
import {
  findRuntime,
  PLAIN_LOADER,
  ROOT,
  type Runtime,
  RUNTIME_NAMES,
  type RuntimeName,
} from "../../runtimes.ts";
import { runCommand } from "../command.ts";
import { isSilent, partsOf, placeOfHang, withoutMarkers } from "./batch_report.ts";
import { compiledSources, takesCompiled } from "../compiled/sources.ts";
import { countTests, outcomesOf, type TestOutcome } from "./junit.ts";
import { testFiles } from "../sources.ts";
import type { Step, StepOptions, StepResult, TestCount } from "../step.ts";

/**
 * A process that has not ended after this time hangs. The time is far longer than any file needs on
 * a slow and busy machine, because no test may fail because of the speed of the machine.
 */
const FILE_SECONDS = 600;
const BATCH_SECONDS = 900;

/**
 * The largest number of files in one process. After a failure all of them run a second time, so
 * more files would cost too much time.
 */
const MAX_BATCH = 160;

/** Files that measure memory, start many connections or take long, by the beginnings of their paths. */
const ALONE: readonly string[] = ["tests/torture/load/"];

/** Files that have a process each as well, and wait most of their time for sockets that stall. */
const IDLE = ["node", "deno", "bun"].map((name) => `tests/contract/${name}_`);

/**
 * The beginnings of the paths of files that `--quick` leaves out: these files start processes, threads or many
 * connections, or repeat much.
 */
const SLOW: readonly string[] = [
  ...["contract/", "testing/contract/", "torture/", "fuzz/", "cli/", "examples/", "bus/"],
  ...["wsgi/blocking/", "adapters/wire/", "adapters/system_files", "websocket/over_tcp"],
  ...["server/disconnect/", "server/hostile_apps", "sse/event_channel_test"],
  ...["http/differential/", "http/reading/growth"],
].map((beginning) => `tests/${beginning}`);

/** The tests of the gates and of the benchmarks: programs that run on the machine's own Node alone. */
const TOOLS: readonly string[] = ["tests/tools/"];

/** Of the contract, only the files of this runtime do more than skip a test. */
const FOREIGN: Readonly<Record<RuntimeName, RegExp>> = {
  node: /^tests\/contract\/(?:deno|bun)_/,
  currentNode: /^tests\/contract\/(?:deno|bun)_/,
  deno: /^tests\/contract\/(?:node|bun)_/,
  bun: /^tests\/contract\/deno_/,
};

/**
 * The time for each test on Bun. Its default is 5 s; the other runners have no limit for a test.
 */
const BUN_TEST_MS = 1000 * FILE_SECONDS;

const BATCH = "tests/tools/gates/testing/batch.ts";

/** The result of the tests of one process. */
export interface FileRun {
  /** The test file, or several with commas. */
  readonly path: string;
  readonly count: TestCount;
  /** The complaint about the process; `undefined` if all tests passed. */
  readonly complaint: string | undefined;
  readonly tests: readonly TestOutcome[];
}

/** The runs of all test files in this process, by runtime. */
const wholeRuns = new Map<RuntimeName, Promise<readonly FileRun[]>>();

/**
 * The outcome of each test on a runtime: of the step for this runtime, if that has begun before and runs
 * all files. Otherwise the files with these parts in their path run now.
 */
export async function testOutcomes(
  runtime: RuntimeName,
  files: readonly string[],
): Promise<readonly TestOutcome[]> {
  const chosen = chooseFiles(runtime, files);
  const runs = await (wholeRuns.get(runtime) ?? runFiles(findRuntime(runtime), chosen));
  return runs.flatMap(({ tests }) => tests);
}

/** The step that runs every test file on one runtime. */
export function testStep(name: string, runtimeName: RuntimeName): Step {
  return { name, run: (options) => runTests(findRuntime(runtimeName), options) };
}

async function runTests(runtime: Runtime, { files, quick }: StepOptions): Promise<StepResult> {
  const chosen = chooseFiles(runtime.name, files)
    .filter((path) => !(quick && isIn(SLOW, path)));
  const runs = runFiles(runtime, chosen);
  if (files.length === 0 && !quick) wholeRuns.set(runtime.name, runs);
  return judge(runtime, chosen.length, await runs);
}

/** The test files of a runtime with one of these parts in their path; without a part, all of them. */
function chooseFiles(runtime: RuntimeName, parts: readonly string[]): string[] {
  return testFiles().filter((path) =>
    (parts.length === 0 || parts.some((part) => path.includes(part))) &&
    (runtime === "node" || !isIn(TOOLS, path))
  );
}

function isIn(places: readonly string[], path: string): boolean {
  return places.some((place) => path.startsWith(place));
}

async function runFiles(runtime: Runtime, paths: readonly string[]): Promise<FileRun[]> {
  const reports = mkdtempSync(join(tmpdir(), "test-reports-"));
  try {
    const runs = batches(paths, runtime.name).map((batch) => runBatch(runtime, batch, reports));
    return (await Promise.all(runs)).flat();
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

/** Puts files together. A file that needs a process of its own stays alone. */
export function batches(paths: readonly string[], runtime: RuntimeName): string[][] {
  const isAlone = (path: string) => isIn([...ALONE, ...IDLE], path) && !FOREIGN[runtime].test(path);
  const shared = paths.filter((path) => !isAlone(path));
  const count = Math.ceil(shared.length / MAX_BATCH);
  const size = Math.ceil(shared.length / count);
  // The longest ones come first.
  return [
    ...Array.from({ length: count }, (_, at) => shared.slice(at * size, (at + 1) * size)),
    ...paths.filter(isAlone).map((path) => [path]),
  ];
}

/**
 * Runs files in one process. If the process fails, each file runs again by itself, and the
 * complaint names the file. If all files pass by themselves, the complaint is about the batch.
 */
async function runBatch(
  runtime: Runtime,
  paths: readonly string[],
  reports: string,
): Promise<FileRun[]> {
  const { code, output, report } = await runProcess(runtime, paths, reports);
  const count = countTests(withoutMarkers(report));
  const complaint = complain(code, count);
  const path = paths.join(", ");
  const tests = outcomesOf(report);
  const run = { path, count, tests, complaint: complaint && describeBad(path, complaint, output) };
  if (paths.length === 1) return [run];
  const parts = partsOf(runtime.name, paths, report);
  const suspects = suspectsOf(parts);
  if (complaint === undefined && suspects.length === 0) return [run];
  const again = suspects.length > 0 ? suspects : paths;
  const alone = again.map((path) => runBatch(runtime, [path], reports));
  const runs = [
    runOfRest(paths.filter((path) => !again.includes(path)), parts),
    ...(await Promise.all(alone)).flat(),
  ];
  if (complaint === undefined || runs.some((run) => run.complaint !== undefined)) return runs;
  const place = code === undefined ? `: ${placeOfHang(runtime.name, paths, output)}` : "";
  const note = `${complaint} in one process, but each file is right by itself${place}`;
  const none = { passed: 0, failed: 0, skipped: 0 };
  return [...runs, { path, count: none, tests: [], complaint: describeBad(path, note, output) }];
}

/** The files that have a failed test, or none at all. */
function suspectsOf(parts: ReadonlyMap<string, string>): string[] {
  return [...parts].filter(([, part]) => isSilent(part) || countTests(part).failed > 0)
    .map(([path]) => path);
}

/** The run of the files that are right, from the report of their batch. */
function runOfRest(paths: readonly string[], parts: ReadonlyMap<string, string>): FileRun {
  const report = withoutMarkers(paths.map((path) => parts.get(path) ?? "").join("\n"));
  const tests = outcomesOf(report);
  return { path: paths.join(", "), count: countTests(report), tests, complaint: undefined };
}

async function runProcess(
  runtime: Runtime,
  paths: readonly string[],
  reports: string,
): Promise<{ code: number | undefined; output: string; report: string }> {
  const report = join(mkdtempSync(join(reports, "run-")), "report.xml");
  const { code, output } = await runCommand(
    [runtime.command, ...testArguments(runtime, paths, report)],
    {
      cwd: ROOT,
      env: {
        BATCH_FILES: paths.join("\n"),
        SHARE: `${RUNTIME_NAMES.indexOf(runtime.name)}/${RUNTIME_NAMES.length}`,
        ...(takesCompiled(runtime) ? { COMPILED_SOURCES: await compiledSources() } : {}),
      },
      timeoutSeconds: paths.length === 1 ? FILE_SECONDS : BATCH_SECONDS,
      isIdle: paths.every((path) => isIn(IDLE, path)),
    },
  );
  return { code, output, report: readReport(report) };
}

function describeBad(path: string, complaint: string, output: string): string {
  return `--- ${path}: ${complaint}\n${withoutPassed(output)}`;
}

/** The output of a test runner without the lines about tests that passed. */
function withoutPassed(output: string): string {
  const passed = /^\s*(?:✔ |\(pass\) |ℹ )|^.* \.\.\. (?:.* )?ok \(/;
  return output.split("\n").filter((line) => !passed.test(line)).join("\n");
}

/** Gives the complaint about a process that ended with `code`; `undefined` if there is none. */
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

/** Sums up the results. A complaint about a whole process counts as one failed test. */
export function judge(
  runtime: Pick<Runtime, "name" | "version">,
  files: number,
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
    note: describe(runtime, files, tests),
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

function testArguments(runtime: Runtime, paths: readonly string[], report: string): string[] {
  const nodeReporters = [
    "--test-reporter=junit",
    `--test-reporter-destination=${report}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
  ];
  switch (runtime.name) {
    case "node":
    case "currentNode":
      return [
        ...(takesCompiled(runtime) ? ["--import", PLAIN_LOADER] : []),
        ...[...nodeReporters, BATCH],
      ];
    case "deno":
      return [
        ...["test", "--allow-all", "--no-check", "--config", denoConfig(runtime.command)],
        ...[`--junit-path=${report}`, BATCH],
      ];
    case "bun":
      return [
        ...["test", `--timeout=${BUN_TEST_MS}`, "--reporter=junit"],
        ...[`--reporter-outfile=${report}`, ...paths.map((path) => `./${path}`)],
      ];
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
