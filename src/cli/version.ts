/**
 * The version of the package.
 *
 * @module
 */

/** The version, as in `package.json` and `deno.json`. */
export const VERSION = "0.1.0";
