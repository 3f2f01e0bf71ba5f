/**
 * Copies of the repository, and the archive that `npm pack` makes in a copy as fresh as a clone.
 *
 * The copy has no `dist`, and npm makes the package without an option that changes which scripts
 * run: the copy's own `.npmrc` decides. The archive is made once, and removed when the process
 * ends. The steps that install the package call this.
 *
 * @module
 */

import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../runtimes.ts";
import { runCommand } from "./command.ts";
import { committedFiles } from "./sources.ts";
import { npm } from "./tools.ts";

let archive: Promise<string> | undefined;

/**
 * The path of the archive.
 *
 * @throws An error with npm's output, if `npm pack` fails.
 */
export function packedArchive(): Promise<string> {
  return archive ??= pack();
}

/** Copies the files that git has, or would have, into a directory. */
export function cloneInto(directory: string): void {
  for (const path of committedFiles()) cpSync(join(ROOT, path), join(directory, path));
}

async function pack(): Promise<string> {
  const parent = mkdtempSync(join(tmpdir(), "archive-"));
  process.once("exit", () => rmSync(parent, { recursive: true, force: true }));
  const clone = join(parent, "clone");
  cloneInto(clone);
  symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"), "junction");
  const { code, output } = await runCommand(npm("pack", "--pack-destination", parent), {
    cwd: clone,
  });
  if (code !== 0) throw new Error(`npm pack for the package:\n${output}`);
  const [name = "missing.tgz"] = readdirSync(parent).filter((file) => file.endsWith(".tgz"));
  return join(parent, name);
}
