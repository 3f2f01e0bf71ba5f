/**
 * The browser of the machine.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";

/** The headless shell has the same engine without a window, and needs less of the processor. */
const NAMES: readonly string[] = [
  ...["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"],
];

/** The command of the browser: that in `CHROMIUM`, or the one that is installed; otherwise `undefined`. */
export function browserCommand(): string | undefined {
  const names = process.env["CHROMIUM"] ? [process.env["CHROMIUM"]] : NAMES;
  return names.map(pathOf).find((path) => path !== undefined);
}

/** Playwright takes a path, and no name to be looked up. */
function pathOf(name: string): string | undefined {
  const { status, stdout } = spawnSync("which", [name], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
