/**
 * Stand-in for JSR's `@std/assert`: its names and signatures, on Node, Deno and Bun alike.
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
