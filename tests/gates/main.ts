/**
 * `npm test`: every check there is, and one answer.
 *
 *     npm test                                  everything
 *     npm test -- --only types,lint             the steps of these topics, or these steps
 *     npm test -- --only tests:bun --files http test files whose path contains "http", on Bun
 *     npm test -- --list                        the steps
 *
 * The last line counts the tests over all runtimes, `N passed, N failed`; a step that fails otherwise
 * counts as one. The exit code is 0 when nothing failed.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { endCommands } from "./command.ts";
import { runSteps } from "./run_steps.ts";
import type { Step } from "./step.ts";
import { STEPS } from "./steps.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    files: { type: "string", default: "" },
    list: { type: "boolean", default: false },
  },
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    endCommands();
    process.exit(130);
  });
}

if (values.list) {
  console.log(STEPS.map((step) => step.name).join("\n"));
} else {
  const options = { files: splitList(values.files) };
  const { passed, failed } = await runSteps(
    chooseSteps(splitList(values.only)),
    options,
    (text) => console.log(text),
  );
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function chooseSteps(names: readonly string[]): readonly Step[] {
  const picks = (name: string, step: Step) =>
    step.name === name || step.name.startsWith(`${name}:`);
  const unknown = names.filter((name) => !STEPS.some((step) => picks(name, step)));
  if (unknown.length > 0) throw new RangeError(`No such step: ${unknown.join(", ")}; see --list`);
  return STEPS.filter((step) => names.length === 0 || names.some((name) => picks(name, step)));
}

function splitList(text: string): string[] {
  return text.split(",").filter((part) => part !== "");
}
