/**
 * This file runs steps, one in each lane, and prints a line at the end of each. `main.ts` calls it.
 *
 * @module
 */

import { RuntimeMissing } from "../runtimes.ts";
import { LANES } from "./command.ts";
import type { Step, StepOptions, StepResult } from "./step.ts";

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly failedSteps: readonly string[];
}

/** Runs the steps in order, as lanes become free. `print` gets a text at the end of each step. */
export async function runSteps(
  steps: readonly Step[],
  options: StepOptions,
  print: (text: string) => void,
  lanes: number = LANES,
): Promise<Totals> {
  const waiting = [...steps];
  const totals = { passed: 0, failed: 0, failedSteps: [] as string[] };
  const width = Math.max(...steps.map((step) => step.name.length));
  const runLane = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const start = performance.now();
      const result = await runStep(step, options);
      const seconds = (performance.now() - start) / 1000;
      print(describeStep(step.name.padEnd(width), result, seconds));
      totals.passed += result.tests?.passed ?? 0;
      if (result.ok) continue;
      totals.failed += Math.max(1, result.tests?.failed ?? 0);
      totals.failedSteps.push(step.name);
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
  return totals;
}

/** Runs one step. A step that throws has failed. */
async function runStep(step: Step, options: StepOptions): Promise<StepResult> {
  try {
    return await step.run(options);
  } catch (error) {
    return { ok: false, detail: explain(error) };
  }
}

/**
 * Describes an error. The message of a missing runtime is enough; any other error needs its stack.
 */
function explain(error: unknown): string {
  if (error instanceof RuntimeMissing) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

function describeStep(name: string, result: StepResult, seconds: number): string {
  const verdict = result.ok ? "ok    " : "FAILED";
  const time = seconds.toFixed(1).padStart(6);
  const line = `${verdict}  ${name}  ${time} s  ${result.note ?? ""}`.trimEnd();
  return result.ok ? line : `${line}\n${indent(result.detail ?? "")}`;
}

function indent(text: string): string {
  return text.trimEnd().split("\n").map((line) => `    ${line}`.trimEnd()).join("\n");
}
