/**
 * The programs of the machine that a test uses if they are installed.
 *
 * Where `CI` is `true` such a test is never left out, and fails without its program: `.ci/run`
 * installs the programs. Tests call this for their option `skip`, and the gates call it.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";

/** The `skip` of a test that needs `program`: a reason, or `false` when the test must run. */
export function skipWithout(
  program: string,
  args: readonly string[] = ["--version"],
): string | false {
  if (isStrict()) return false;
  const { error } = spawnSync(program, args, { stdio: "ignore" });
  return error === undefined ? false : `needs ${program}`;
}

/** Whether a check that cannot run is a failure. */
export function isStrict(): boolean {
  return process.env["CI"] === "true";
}
