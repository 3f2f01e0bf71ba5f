/**
 * This file builds the npm package into `dist`. `npm run build` runs it.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ROOT } from "../runtimes.ts";
import { type Outcome, runCommand } from "./command.ts";
import { typesCommand } from "./tools.ts";

/** Compiles the published sources, from scratch. */
export function build(): Promise<Outcome> {
  rmSync(join(ROOT, "dist"), { recursive: true, force: true });
  return runCommand(typesCommand("build"), { cwd: ROOT });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { code, output } = await build();
  if (output !== "") console.log(output);
  process.exitCode = code ?? 1;
}
