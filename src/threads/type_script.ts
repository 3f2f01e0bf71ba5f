/**
 * TypeScript in a runtime: whether it reads TypeScript by itself, and the package that reads it otherwise.
 *
 * @module
 */

import { createRequire } from "node:module";
import host from "node:process";
import { pathToFileURL } from "node:url";

/** Whether the runtime reads TypeScript by itself. */
export function readsTypeScript(): boolean {
  const { versions, features } = host;
  if (versions["bun"] !== undefined || versions["deno"] !== undefined) return true;
  return Boolean((features as { typescript?: unknown }).typescript);
}

/**
 * Finds the optional package `tsx`, which reads TypeScript for an old Node.
 *
 * @param modules The URLs of the modules beside which `tsx` may be installed. This package is the last one.
 * @returns The URL of its module with `register`; `undefined` if `tsx` is not installed.
 */
export function findTypeScriptLoader(modules: readonly string[]): string | undefined {
  for (const module of [...modules, import.meta.url]) {
    try {
      // `require` resolves to the twin in CommonJS, which cannot register itself.
      const file = createRequire(module).resolve("tsx/esm/api").replace(/\.cjs$/, ".mjs");
      return pathToFileURL(file).href;
    } catch {
      // It is not installed there.
    }
  }
  return undefined;
}
