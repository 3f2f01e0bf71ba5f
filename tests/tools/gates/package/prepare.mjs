/**
 * npm's `prepare`: builds the package where the development dependencies are installed.
 *
 * When npm makes a package of a git repository, it runs `prepare` and leaves `prepack` out; and it
 * runs `prepare` at the end of each install in a clone. So a missing compiler is no error here: an
 * install that omits development dependencies succeeds without a build. `prepack` insists on a build.
 * When npm packs or publishes, it runs `prepare` after `prepack`, which has built the package then.
 *
 * @module
 */

import { createRequire } from "node:module";
import process from "node:process";

const isBuilt = ["pack", "publish"].includes(process.env["npm_command"] ?? "");

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
