/**
 * The interface of a check of `npm test`, and the two simple kinds of checks.
 *
 * @module
 */

import { isStrict } from "../optional_tools.ts";
import { ROOT } from "../runtimes.ts";
import { runCommand } from "./command.ts";

export interface Step {
  /** `topic` or `topic:part`; `--only topic` picks all its parts. */
  readonly name: string;
  run(options: StepOptions): Promise<StepResult>;
}

export interface StepOptions {
  /**
   * Parts of paths. Only test files with such a part in their path run; an empty list stands for
   * all files.
   */
  readonly files: readonly string[];
  /** Whether the folders of tests that take long are left out. */
  readonly quick: boolean;
  /** Whether the steps write the committed files anew that they compare with. */
  readonly update: boolean;
}

export interface StepResult {
  readonly ok: boolean;
  /** A few words for the step's line. */
  readonly note?: string;
  /** The text to print if the step has failed. */
  readonly detail?: string;
  readonly tests?: TestCount;
}

export interface TestCount {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * The result of a step that needs a program which this machine does not have. It is a failure if
 * `CI` is `true`.
 */
export function notChecked(reason: string): StepResult {
  return { ok: !isStrict(), note: `not checked: ${reason}`, detail: "CI checks everything." };
}

/** Makes a step that passes if a program ends with the code 0. */
export function commandStep(
  name: string,
  command: () => readonly [string, ...string[]],
  options: { readonly env?: Readonly<Record<string, string>> } = {},
): Step {
  return {
    name,
    async run() {
      const { code, output } = await runCommand(command(), { cwd: ROOT, ...options });
      return { ok: code === 0, detail: output };
    },
  };
}

/** Makes a step that passes if there are no complaints. */
export function complaintStep(name: string, complaints: () => readonly string[]): Step {
  return {
    name,
    run() {
      const found = complaints();
      return Promise.resolve({ ok: found.length === 0, detail: found.join("\n") });
    },
  };
}
