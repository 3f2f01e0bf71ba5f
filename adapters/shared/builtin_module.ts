/**
 * Modules of Node that Deno and Bun have built in.
 *
 * The trap: an import of `node:...` would be followed by bundlers for the web, and by every runtime
 * that imports the adapter of another one. So a module is loaded by `process.getBuiltinModule`, when
 * it is first needed.
 *
 * Called by the adapters of Deno and Bun. The Node adapter imports its modules.
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
