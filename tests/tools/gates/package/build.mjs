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

const removeBuild = () => rmSync(join(ROOT, "dist"), { recursive: true, force: true });
removeBuild();

/** Runs the compiler with the project of the package. */
function compile(...options) {
  const project = join("tests", "types", "build.json");
  const args = [compiler, "--project", project, ...options];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
  if (status === 0) return;
  // The compiler writes files in spite of an error.
  removeBuild();
  process.exit(status ?? 1);
}

// The comments are in the declarations, where an editor reads them. The code has none: they are a seventh of the
// archive.
compile();
compile(
  ...["--noCheck", "--removeComments", "--declaration", "false", "--isolatedDeclarations", "false"],
);
