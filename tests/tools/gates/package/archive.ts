/**
 * The archive that `npm pack` makes in a copy as fresh as a clone, and a project that has installed it.
 *
 * The copy has no `dist`, and npm makes the package without an option that changes which scripts
 * run: the copy's own `.npmrc` decides. The archive and the installation are made once, for all steps
 * that use the package, and removed when the process ends.
 *
 * @module
 */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { ROOT } from "../../runtimes.ts";
import { runCommand } from "../command.ts";
import { committedFiles } from "../sources.ts";
import { npm } from "../tools.ts";

/** A packed and installed package. */
export interface Installation {
  /** The path of the archive. */
  readonly archive: string;
  /** The folder of a project in which a user has run `npm install`. */
  readonly project: string;
}

let installation: Promise<Installation> | undefined;

/**
 * Packs the package and installs it, once.
 *
 * @throws An error with npm's output, if `npm pack` or `npm install` fails.
 */
export function installedPackage(): Promise<Installation> {
  return installation ??= packAndInstall();
}

/** Copies the files that git has, or would have, into a directory: all of them, or the wanted ones. */
export function cloneInto(
  directory: string,
  isWanted: (path: string) => boolean = () => true,
): void {
  for (const path of committedFiles().filter(isWanted)) {
    cpSync(join(ROOT, path), join(directory, path));
  }
}

async function packAndInstall(): Promise<Installation> {
  const parent = mkdtempSync(join(tmpdir(), "archive-"));
  process.once("exit", () => rmSync(parent, { recursive: true, force: true }));
  const clone = join(parent, "clone");
  cloneInto(clone);
  symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"), "junction");
  await run(npm("pack", "--pack-destination", parent), clone);
  const [name = "missing.tgz"] = readdirSync(parent).filter((file) => file.endsWith(".tgz"));
  const archive = join(parent, name);
  const project = join(parent, "project");
  mkdirSync(project);
  await run(npm("install", "--offline", archive), project);
  // JSR's npm packages have another name.
  const alias = join(project, "node_modules", "@x", "cogen-wsgi");
  mkdirSync(dirname(alias));
  symlinkSync(join(project, "node_modules", "cogen-wsgi"), alias, "junction");
  return { archive, project };
}

async function run(command: readonly [string, ...string[]], cwd: string): Promise<void> {
  const { code, output } = await runCommand(command, { cwd });
  if (code !== 0) throw new Error(`${command.join(" ")} for the package:\n${output}`);
}
