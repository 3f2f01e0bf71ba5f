/**
 * The modules that are built into a runtime: those of Node, also on Deno and Bun, and those of Bun.
 *
 * The trap: bundlers for the web would follow an import of `node:...`, and so would every runtime
 * that imports the adapter of another one. So `process.getBuiltinModule` loads a module when it is
 * first needed.
 *
 * The adapters of Deno and Bun, and `bun_body.ts` and `lazy_request.ts` of `src/fetch`, call this. The Node
 * adapter imports its modules.
 *
 * @module
 */

interface Process {
  getBuiltinModule(name: string): unknown;
}

/**
 * Loads a module of the runtime.
 *
 * @param name The name of the module.
 * @returns The module; `undefined` if the runtime has none of this name. The caller declares the type of the
 *   members that it uses.
 *
 * @example
 * ```ts ignore
 * const { hostname } = builtinModule<{ hostname(): string }>("node:os");
 * ```
 */
export function builtinModule<Module>(name: `node:${string}` | "bun" | "bun:jsc"): Module {
  return (globalThis as unknown as { process: Process }).process.getBuiltinModule(name) as Module;
}
