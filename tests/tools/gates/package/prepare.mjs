/**
 * npm's `prepare`: builds the package where the development dependencies are installed.
 *
 * When npm makes a package of a git repository, it runs `prepare` and leaves `prepack` out; and it
 * runs `prepare` at the end of each install in a clone. So a missing compiler is no error here: an
 * install that omits development dependencies succeeds without a build. `prepack` insists on a build.
 * When npm packs or publishes, it runs `prepare` after `prepack`, which has built the package then. For an
 * installation from git, npm runs `prepare` twice in one clone: a build that is newer than its sources is kept.
 *
 * @module
 */

import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

const isBuilt = ["pack", "publish"].includes(process.env["npm_command"] ?? "") || isNew();

if (!hasCompiler()) {
  console.log("The development dependencies are not installed: dist is not built.");
} else if (!isBuilt) await import("./build.mjs");

function hasCompiler() {
  try {
    createRequire(import.meta.url).resolve("typescript/package.json");
    return true;
  } catch {
    return false;
  }
}

/** Whether the last file of a build is newer than the sources and the files that say how they are compiled. */
function isNew() {
  try {
    const builtMs = statSync(join(ROOT, "dist", "mod.js")).mtimeMs;
    const folders = ["src", "adapters", "tests/types", "tests/tools/gates/package"].flatMap(below);
    return ["mod.ts", "package.json", ...folders]
      .every((path) => statSync(join(ROOT, path)).mtimeMs < builtMs);
  } catch {
    return false;
  }
}

/** The paths of a folder and of all that is below it: the time of a folder is that of its last new or removed file. */
function below(folder) {
  return [
    folder,
    ...readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, name)),
  ];
}
