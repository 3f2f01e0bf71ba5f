/**
 * The step that compares the public names with the committed list.
 *
 * @module
 */

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../runtimes.ts";
import { runCommand } from "./command.ts";
import { type DocOutput, type EntryPoint, listSurface, surfaceChanges } from "./rules/surface.ts";
import { readJson, readText } from "./sources.ts";
import type { Step, StepResult } from "./step.ts";
import { denoTool } from "./tools.ts";

const LIST = "tests/surface.txt";

/**
 * Makes the step. It fails when a public name is new, is missing or has another kind; `--update`
 * writes the list anew.
 */
export function surfaceStep(name: string): Step {
  return {
    name,
    async run({ update }): Promise<StepResult> {
      const current = listSurface(await readEntryPoints());
      const committed = existsSync(join(ROOT, LIST)) ? readText(LIST) : "";
      if (current === committed) return { ok: true };
      if (update) {
        writeFileSync(join(ROOT, LIST), current);
        return { ok: true, note: `${LIST} is written anew` };
      }
      const changes = surfaceChanges(committed, current);
      const advice = `${LIST} differs. If it should: npm test -- --only ${name} --update`;
      return { ok: false, detail: [...changes, advice].join("\n") };
    },
  };
}

async function readEntryPoints(): Promise<EntryPoint[]> {
  const { exports } = readJson("deno.json") as { exports: Record<string, string> };
  const paths = Object.values(exports).map((path) => path.replace("./", ""));
  const { code, output, stdout } = await runCommand(
    denoTool("doc", "--json", "--quiet", ...paths),
    {
      cwd: ROOT,
    },
  );
  if (code !== 0) throw new Error(`deno doc failed:\n${output}`);
  const { nodes } = JSON.parse(stdout) as DocOutput;
  return await Promise.all(
    Object.keys(exports).map(async (name, index) => {
      const url = pathToFileURL(join(ROOT, paths[index] as string)).href;
      const values = await import(url) as Record<string, unknown>;
      const symbols = nodes[url]?.symbols;
      if (symbols === undefined) throw new Error(`deno doc has no ${url}`);
      return { name, names: symbols.map((symbol) => symbol.name), values };
    }),
  );
}
