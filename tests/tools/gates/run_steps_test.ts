import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { runSteps } from "./run_steps.ts";
import type { Step, StepResult } from "./step.ts";

const OPTIONS = { files: [], quick: false, update: false };

test("adds up the tests of all steps", async () => {
  const steps = [
    step("tests:a", { ok: true, tests: { passed: 2, failed: 0, skipped: 1 } }),
    step("tests:b", { ok: false, tests: { passed: 3, failed: 2, skipped: 0 } }),
  ];
  const totals = await runSteps(steps, OPTIONS, () => {});
  assertEquals(totals, { passed: 5, failed: 2, failedSteps: ["tests:b"] });
});

test("a step that fails without a failed test counts as one", async () => {
  const totals = await runSteps([step("lint", { ok: false })], OPTIONS, () => {});
  assertEquals(totals, { passed: 0, failed: 1, failedSteps: ["lint"] });
});

test("a step that throws has failed, and its message is shown", async () => {
  const texts: string[] = [];
  const broken: Step = { name: "types", run: () => Promise.reject(new Error("no compiler")) };
  const totals = await runSteps([broken], OPTIONS, (text) => texts.push(text));
  assertEquals(totals.failedSteps, ["types"]);
  assert(texts[0]?.startsWith("FAILED  types"), texts[0]);
  assert(texts[0]?.includes("no compiler"), texts[0]);
});

test("prints one line for a step that is right, whatever its detail", async () => {
  const texts: string[] = [];
  await runSteps([step("format", { ok: true, detail: "chatter" })], OPTIONS, (text) => {
    texts.push(text);
  });
  assertEquals(texts.length, 1);
  assert(/^ok {6}format +\d+\.\d s$/.test(texts[0] ?? ""), texts[0]);
});

test("runs no more steps at a time than there are lanes, in order", async () => {
  const started: string[] = [];
  const release: (() => void)[] = [];
  const held = (name: string): Step => ({
    name,
    run() {
      started.push(name);
      return new Promise((resolve) => release.push(() => resolve({ ok: true })));
    },
  });
  const done = runSteps(["a", "b", "c"].map(held), OPTIONS, () => {}, 2);
  assertEquals(started, ["a", "b"]);
  release[0]?.();
  while (release.length < 3) await Promise.resolve();
  assertEquals(started, ["a", "b", "c"]);
  for (const resolve of release) resolve();
  await done;
});

function step(name: string, result: StepResult): Step {
  return { name, run: () => Promise.resolve(result) };
}
