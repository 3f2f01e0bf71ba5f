/**
 * The module that examples import in the place of `node:test` and `bun:test`: tests of an example run at
 * once, inside the process that runs all examples.
 *
 * `write_examples.ts` writes the address of this file into the examples.
 *
 * @module
 */

type Body = () => unknown;
type TestArguments = readonly [Body] | readonly [name: string, ...rest: unknown[]];

/** The tests of the current example. The runner of the examples empties the list. */
export const tests: { readonly name: string; readonly body: Body }[] = [];

/** Takes a test of an example: a name, options and a function, of which only the function is needed. */
export function test(...parts: TestArguments): void {
  const body = parts.find((part) => typeof part === "function");
  if (body === undefined) throw new TypeError("The test has no function");
  const name = parts.find((part) => typeof part === "string");
  tests.push({ name: String(name ?? "a test"), body: body as Body });
}

/** Runs the tests of a group. */
export function describe(_name: string, body: Body): void {
  body();
}

export { test as it };
export default test;
