/**
 * The loading of modules: TypeScript on Node, packages beside an app, and symbolic links on Bun.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import * as path from "node:path";
import host from "node:process";
import { isMainThread } from "node:worker_threads";
import { findTypeScriptLoader, readsTypeScript } from "../../threads/mod.ts";
import { kindOf, realPath, urlOf } from "./files.ts";
import { readVariable } from "./process.ts";

/** The report of Node on a syntax error in a file; empty if there is none, and on other runtimes. */
export function syntaxFault(file: string): string {
  if (host.versions["bun"] !== undefined || host.versions["deno"] !== undefined) return "";
  return spawnSync(host.execPath, ["--check", file], { encoding: "utf8" }).stderr ?? "";
}

/** Whether this Node cannot read TypeScript, and no loader does it for Node. */
export function needsTypeScriptLoader(): boolean {
  if (readsTypeScript()) return false;
  // The loaders of the main thread do not work in other threads.
  if (!isMainThread) return true;
  const options = [...host.execArgv, readVariable("NODE_OPTIONS") ?? ""].join(" ");
  return !/tsx|ts-node|swc|jiti|esbuild|strip-types|transform-types/.test(options);
}

/**
 * Loads the optional package `tsx`, which reads TypeScript for Node, from the folder of the app, from the
 * working directory, or from beside this package.
 *
 * @returns Whether `tsx` is installed.
 */
export async function registerTypeScriptLoader(app: string): Promise<boolean> {
  const loader = findTypeScriptLoader([urlOf(app), urlOf(path.join(host.cwd(), "x"))]);
  if (loader === undefined) return false;
  const { register } = await import(loader) as { register(): unknown };
  register();
  // Node takes a file for CommonJS, unless package.json says that it is a module.
  (createRequire(loader)("tsx/cjs/api") as { register(): unknown }).register();
  return true;
}

/**
 * Finds a package that is installed in a folder or above it.
 *
 * @returns The URL of its module; `undefined` if it is not there.
 */
export function findPackage(name: string, folder: string): string | undefined {
  try {
    return urlOf(createRequire(path.join(folder, "package.json")).resolve(name));
  } catch {
    return undefined;
  }
}

/** A member of Bun: it may change the way from an import to a file. */
interface BunPlugins {
  plugin(plugin: {
    name: string;
    setup(build: {
      onResolve(
        options: { filter: RegExp },
        resolve: (call: { path: string; importer: string }) => { path: string } | undefined,
      ): void;
    }): void;
  }): void;
}

/** Lets Bun see the present targets of symbolic links: it remembers the targets in all its threads. */
export function followLinks(): void {
  if (host.versions["bun"] === undefined) return;
  const resolve = ({ path: name, importer }: { path: string; importer: string }) => {
    const file = path.resolve(path.dirname(importer), name);
    return kindOf(file) === "file" ? { path: realPath(file) } : undefined;
  };
  const { plugin } = createRequire(import.meta.url)("bun") as BunPlugins;
  plugin({ name: "links", setup: (build) => build.onResolve({ filter: /^\.\.?\// }, resolve) });
}
