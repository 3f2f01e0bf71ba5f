/**
 * The modules of Node that are built into Deno and Bun.
 *
 * The trap: bundlers for the web would follow an import of `node:...`, and so would every runtime
 * that imports the adapter of another one. So `process.getBuiltinModule` loads a module when it is
 * first needed.
 *
 * The adapters of Deno and Bun call this. The Node adapter imports its modules.
 *
 * @module
 */

interface Process {
  getBuiltinModule(name: string): unknown;
}

/**
 * Loads a module of Node.
 *
 * @param name The name of the module.
 * @returns The module. The caller declares the type of the members that it uses.
 *
 * @example
 * ```ts ignore
 * const { hostname } = builtinModule<{ hostname(): string }>("node:os");
 * ```
 */
export function builtinModule<Module>(name: `node:${string}`): Module {
  return (globalThis as unknown as { process: Process }).process.getBuiltinModule(name) as Module;
}
