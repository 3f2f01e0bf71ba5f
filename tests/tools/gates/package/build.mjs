/**
 * This program builds the npm package into `dist`, from scratch. `npm run build` and npm's `prepack` run
 * it, and `prepare.mjs` imports it.
 *
 * Plain JavaScript, so that a build needs nothing but the compiler.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
const compiler = join(dirname(manifest), JSON.parse(readFileSync(manifest, "utf8")).bin.tsc);

rmSync(join(ROOT, "dist"), { recursive: true, force: true });
const project = join("tests", "types", "build.json");
const { status } = spawnSync(process.execPath, [compiler, "--project", project], {
  cwd: ROOT,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
