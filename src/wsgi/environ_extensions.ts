/**
 * The place for the types of an app's own keys in the environ.
 *
 * The trap: TypeScript merges into a module only the declarations that stand in it, or that it exports with
 * `export *`. So this interface has a file of its own, which the `mod.ts` files export in that way.
 *
 * @module
 */

/**
 * The keys that an app and its middleware add to the environ: declare their types here, by merging.
 *
 * The name of a key should begin with that of its middleware, as PEP 3333 says. A key that only some
 * requests have is optional.
 *
 * ```ts ignore
 * declare module "@x/cogen-wsgi" {
 *   interface EnvironExtensions {
 *     "accounts.user"?: { readonly name: string };
 *   }
 * }
 *
 * const app: WSGIApp = (environ, startResponse) => {
 *   startResponse("200 OK", []);
 *   return [environ["accounts.user"]?.name ?? "a guest"];
 * };
 * ```
 */
// deno-lint-ignore no-empty-interface -- users add members
export interface EnvironExtensions {}
