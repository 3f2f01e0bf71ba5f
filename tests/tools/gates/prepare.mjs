/**
 * npm's `prepare`: builds the package where the development dependencies are installed.
 *
 * When npm makes a package of a git repository, it runs `prepare` and leaves `prepack` out; and it
 * runs `prepare` at the end of each install in a clone. So a missing compiler is no error here: an
 * install that omits development dependencies succeeds without a build. `prepack` insists on a build.
 *
 * Plain JavaScript, since `tsx` may be missing.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";

const TOOLS = ["tsx", "typescript/package.json"];

const missing = TOOLS.filter((name) => !isInstalled(name));
if (missing.length === 0) build();
else console.log("The development dependencies are not installed: dist is not built.");

function build() {
  const program = fileURLToPath(new URL("./build.ts", import.meta.url));
  const { status } = spawnSync(process.execPath, ["--import", "tsx", program], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
}

function isInstalled(name) {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
