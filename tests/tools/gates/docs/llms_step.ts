/**
 * The step that compares `llms.txt` with the pages of the documentation.
 *
 * @module
 */

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../runtimes.ts";
import { listFiles, readText } from "../sources.ts";
import type { Step, StepResult } from "../step.ts";
import { llmsText } from "./llms.ts";

const PATH = "llms.txt";

/** Compares the file, or writes it anew with `--update`. */
export function llmsStep(name: string): Step {
  return { name, run: ({ update }) => Promise.resolve(checkFile(update)) };
}

function checkFile(update: boolean): StepResult {
  const current = llmsText(readText);
  const missing = listFiles("docs", ".md").filter((path) =>
    path !== "docs/README.md" && !current.includes(`](${path})`)
  );
  if (missing.length > 0) {
    return {
      ok: false,
      detail: missing.map((path) => `docs/README.md has no link to ${path}`).join("\n"),
    };
  }
  if (existsSync(join(ROOT, PATH)) && readText(PATH) === current) return { ok: true };
  if (!update) return { ok: false, detail: `${PATH} is old. npm run docs writes it anew.` };
  writeFileSync(join(ROOT, PATH), current);
  return { ok: true, note: `${PATH} is written anew` };
}
