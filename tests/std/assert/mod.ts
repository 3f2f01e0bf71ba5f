/**
 * A replacement of JSR's `@std/assert` with its names and signatures, for Node, Deno and Bun.
 *
 * @module
 */

export { AssertionError } from "./assertion_error.ts";
export * from "./basic.ts";
export * from "./collections.ts";
export { equal } from "./equal.ts";
export * from "./equals.ts";
export * from "./numbers.ts";
export * from "./strings.ts";
export * from "./throws.ts";
