/**
 * `npm test` runs every check of the project and gives one answer. `--help` names the options.
 *
 * `--only` and `--files` take several names with commas; `--files` limits only the steps `tests:*`.
 *
 * The last line counts the tests over all runtimes, `N passed, N failed`; a step that fails otherwise
 * counts as one. The exit code is 0 when nothing failed.
 *
 * @module
 */

import process from "node:process";
import { readOptions } from "../command_options.ts";
import { endCommands } from "./command.ts";
import { runSteps } from "./run_steps.ts";
import { COVERED_STEPS, QUICK_STEPS, STEPS } from "./steps.ts";

const USAGE = `npm test                                    everything
npm test -- --quick                         the steps that are quick, and most tests on your Node
npm test -- --only types,lint               the steps of these topics, or these steps
npm test -- --only tests:bun --files http   test files with "http" in their path, on Bun
npm test -- --only surface --update         writes the list of public names anew
npm test -- --list                          the steps that would run`;

const values = readOptions(USAGE, {
  only: { type: "string", default: "" },
  files: { type: "string", default: "" },
  quick: { type: "boolean", default: false },
  update: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    endCommands();
    process.exit(130);
  });
}

const names = splitList(values.only);
const chosen = STEPS.filter(({ name }) =>
  values.quick && QUICK_STEPS.includes(name) ||
  (names.length > 0 || !values.quick) && isChosen(name, names)
);
const unknown = names.filter((name) => !STEPS.some((step) => isChosen(step.name, [name])));
if (unknown.length > 0) {
  console.error(`No step is called ${unknown.join(", ")}; npm test -- --list names them.`);
  process.exitCode = 2;
} else if (values.list) {
  console.log(chosen.map((step) => step.name).join("\n"));
} else {
  const { quick, update } = values;
  const options = { files: splitList(values.files), quick, update };
  const totals = await runSteps(chosen, options, (text) => console.log(text));
  if (totals.failed > 0) console.log(`Failed: ${totals.failedSteps.join(", ")}`);
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  process.exitCode = totals.failed > 0 ? 1 : 0;
}

/**
 * Whether `--only` chooses a step. `types` also chooses `types:core`; without a name, every step is
 * chosen that no other one covers.
 */
function isChosen(step: string, names: readonly string[]): boolean {
  if (names.length === 0) return !COVERED_STEPS.includes(step);
  return names.some((name) => step === name || step.startsWith(`${name}:`));
}

function splitList(text: string): string[] {
  return text.split(",").filter((part) => part !== "");
}
