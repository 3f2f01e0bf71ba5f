/**
 * `npm run bench` measures our server beside each runtime's own, the limit, and its peers.
 * `README.md` explains the results; `--help` names the options.
 *
 * @module
 */

import process from "node:process";
import { RuntimeMissing } from "../tests/tools/runtimes.ts";
import { WrongAnswer } from "./workloads/answers.ts";
import { runCompare } from "./modes/compare.ts";
import { runContenders } from "./modes/side_by_side.ts";
import { runFairness } from "./modes/fairness.ts";
import { runOverhead } from "./modes/overhead.ts";
import { runScaling } from "./modes/scaling.ts";
import { runWebSocket } from "./modes/websocket.ts";
import { HELP, type Mode, OptionError, type Options, parseOptions } from "./options.ts";
import { endProcesses } from "./processes/commands.ts";

/** The functions of the modes. Each returns the exit code. */
const MODES: Readonly<Record<Mode, (options: Options) => Promise<number>>> = {
  contenders: runContenders,
  scaling: runScaling,
  fairness: runFairness,
  websocket: runWebSocket,
  overhead: runOverhead,
  compare: runCompare,
};

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void endProcesses().then(() => process.exit(130)));
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else process.exitCode = await MODES[options.mode](options);
} catch (error) {
  await endProcesses();
  const misused = error instanceof OptionError;
  console.error(isFinding(error) ? error.message : error);
  if (misused) console.error("npm run bench -- --help names the options.");
  process.exitCode = misused ? 2 : 1;
}

/**
 * Whether an error is a finding about a server or an option. The stack of such an error is of no
 * use.
 */
function isFinding(error: unknown): error is Error {
  return [OptionError, RuntimeMissing, WrongAnswer].some((kind) => error instanceof kind);
}
