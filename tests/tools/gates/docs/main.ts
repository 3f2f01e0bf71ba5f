/**
 * `npm run docs` writes all that is made of the sources: the HTML of the public names into `api_docs`,
 * which git ignores, the table of support, the figures of the comparison, and `llms.txt`.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../../runtimes.ts";
import { readOptions } from "../../command_options.ts";
import { runSteps } from "../run_steps.ts";
import { entryPoints } from "../sources.ts";
import { commandStep } from "../step.ts";
import { denoTool } from "../tools.ts";
import { figuresStep } from "./figures.ts";
import { llmsStep } from "./llms_step.ts";
import { supportStep } from "./support_step.ts";

const HTML = "api_docs";

readOptions("npm run docs", {});
rmSync(join(ROOT, HTML), { recursive: true, force: true });
const steps = [
  commandStep(
    `html in ${HTML}`,
    () =>
      denoTool(
        "doc",
        "--quiet",
        "--html",
        "--name=cogen-wsgi",
        `--output=${HTML}`,
        ...entryPoints(),
      ),
  ),
  llmsStep("llms.txt"),
  figuresStep("figures of the comparison"),
  supportStep("table of support"),
];
const { failed } = await runSteps(
  steps,
  { files: [], quick: false, update: true },
  (text) => console.log(text),
);
process.exitCode = failed > 0 ? 1 : 0;
