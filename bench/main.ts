/**
 * `npm run bench`: our server beside each runtime's own and beside the limit. `README.md` says how to
 * read it, `--help` names the options.
 *
 * @module
 */

import process from "node:process";
import { findRuntime, RuntimeMissing } from "../tests/support/runtimes.ts";
import { WrongAnswer } from "./answers.ts";
import { compilePrograms, type ProgramPath } from "./compile.ts";
import { chooseLoad } from "./load/choose.ts";
import { measure, type Result } from "./measure.ts";
import { HELP, OptionError, type Options, parseOptions } from "./options.ts";
import { choosePinning } from "./pinning.ts";
import { endProcesses } from "./processes.ts";
import { describeCpu, describeMethod, type Report, table, writeReport } from "./report.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void endProcesses().then(() => process.exit(130)));
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else await run(options);
} catch (error) {
  await endProcesses();
  const misused = error instanceof OptionError;
  console.error(isFinding(error) ? error.message : error);
  if (misused) console.error("npm run bench -- --help names the options.");
  process.exitCode = misused ? 2 : 1;
}

/** What went wrong is no fault of this program's, so where it did says nothing. */
function isFinding(error: unknown): error is Error {
  return [OptionError, RuntimeMissing, WrongAnswer].some((kind) => error instanceof kind);
}

async function run(options: Options): Promise<void> {
  const report = await makeReport(options, await compilePrograms());
  console.log(`${table(report.results)}\n\n${describeMethod(report)}`);
  if (options.write) console.log(`Written: ${writeReport(report, reportName(options))}`);
}

async function makeReport(options: Options, path: ProgramPath): Promise<Report> {
  const { rounds, seconds } = options;
  const pinning = choosePinning();
  const load = chooseLoad(options.load, pinning.client, path("load/net_client"));
  if (load.name !== "wrk") {
    console.error("Load from our own client; install wrk (apt, brew, ...) for better figures.");
  }
  const results: Result[] = [];
  for (const runtime of options.runtimes.map(findRuntime)) {
    console.error(`${runtime.name} ${runtime.version} ...`);
    const settings = { load, rounds, seconds, pinning: pinning.server, path };
    results.push(...await measure(runtime, settings));
  }
  const date = new Date().toISOString();
  const pinned = pinning.server.length > 0;
  return { date, cpu: describeCpu(), load: load.name, pinned, rounds, seconds, results };
}

function reportName({ quick }: Options): string {
  return quick ? "quick" : "full";
}
