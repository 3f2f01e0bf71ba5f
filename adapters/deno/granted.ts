/**
 * The state of a permission of Deno, read without a prompt.
 *
 * The trap: on a terminal, a call without its permission stops the whole process, all coroutines
 * included, until a person answers the prompt. So the state of a permission is read before each call
 * that could prompt, and a missing permission is an error, or the default is used. Only listening on a
 * TCP port, which the program itself asks for at its start, is left to Deno.
 *
 * The modules of the Deno adapter call this, and `serve` does before it reads `PORT`, on every runtime.
 *
 * @module
 */

/** One permission, as Deno's `PermissionDescriptor` describes it. */
export type Permission =
  | { readonly name: "env"; readonly variable: string }
  | { readonly name: "net"; readonly host: string }
  | { readonly name: "read" | "write"; readonly path?: string }
  | { readonly name: "sys"; readonly kind: "hostname" };

interface Permissions {
  querySync(wanted: Permission): { readonly state: string };
}

/**
 * Reads the state of a permission. Deno does not prompt for it.
 *
 * @param wanted The permission.
 * @returns Whether the permission is granted; always `true` on another runtime.
 */
export function isGranted(wanted: Permission): boolean {
  const { Deno } = globalThis as { Deno?: { readonly permissions: Permissions } };
  return Deno === undefined || Deno.permissions.querySync(wanted).state === "granted";
}
