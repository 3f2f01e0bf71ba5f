/**
 * The step that compares the table of support with the results of the tests.
 *
 * In a run of everything, the results are those of the steps `tests:*`, which have begun before. Alone,
 * the step runs the files of the features itself, on each runtime.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, RUNTIME_NAMES } from "../../runtimes.ts";
import { testOutcomes } from "../testing/run_tests.ts";
import { committedFiles, readText } from "../sources.ts";
import type { Step, StepOptions, StepResult } from "../step.ts";
import { FEATURES } from "./features.ts";
import { hasSupportTable, type Outcomes, supportTable, withSupportTable } from "./support.ts";

/** Compares the table, or writes it anew with `--update`. */
export function supportStep(name: string): Step {
  return { name, run: checkTable };
}

async function checkTable({ update }: StepOptions): Promise<StepResult> {
  const [path, ...others] = committedFiles().filter((file) =>
    file.endsWith(".md") && hasSupportTable(readText(file))
  );
  if (path === undefined || others.length > 0) {
    return {
      ok: false,
      detail: "Exactly one page must have <!-- support --> and <!-- /support -->",
    };
  }
  const files = [...new Set(FEATURES.flatMap((feature) => feature.files))];
  const results = RUNTIME_NAMES.map(async (runtime) =>
    [runtime, await testOutcomes(runtime, files)] as const
  );
  const outcomes = Object.fromEntries(await Promise.all(results)) as unknown as Outcomes;
  const { markdown, complaints } = supportTable(FEATURES, outcomes);
  if (complaints.length > 0) return { ok: false, detail: complaints.join("\n") };
  const page = readText(path);
  const current = withSupportTable(page, markdown);
  if (current === page) return { ok: true, note: `${FEATURES.length} features` };
  if (update) {
    writeFileSync(join(ROOT, path), current);
    return { ok: true, note: `${path} is written anew` };
  }
  return { ok: false, detail: `The table in ${path} is old. npm run docs writes it anew.` };
}
