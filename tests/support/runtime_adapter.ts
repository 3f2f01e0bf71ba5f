/** The adapter of the runtime that runs the tests. */

import type { DiallingAdapter } from "../../src/socket/mod.ts";

/** Imports and gives the adapter. */
export async function runtimeAdapter(): Promise<DiallingAdapter> {
  if ("Deno" in globalThis) return (await import("../../adapters/deno.ts")).denoAdapter();
  if ("Bun" in globalThis) return (await import("../../adapters/bun.ts")).bunAdapter();
  return (await import("../../adapters/node.ts")).nodeAdapter();
}
