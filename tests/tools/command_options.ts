/**
 * The options of the programs that developers run: `npm test`, `npm run fuzz` and `npm run torture`.
 *
 * `--help` prints the usage. A wrong option ends the program with a line that names it, the usage, and exit code 2.
 *
 * @module
 */

import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { findRuntime, type Runtime, RUNTIME_NAMES } from "./runtimes.ts";

type Described = NonNullable<ParseArgsConfig["options"]>;
type Values<T extends Described> = ReturnType<typeof parseArgs<{ options: T }>>["values"];

/**
 * Reads the command line of this process.
 *
 * @param usage The text of `--help`.
 * @param options The options, as `parseArgs` takes them, without `--help`.
 * @returns The values of the options.
 */
export function readOptions<T extends Described>(usage: string, options: T): Values<T> {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: "boolean" } } });
    if (!("help" in values)) return values as Values<T>;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
  console.log(usage);
  process.exit();
}

/**
 * Reads the value of an option as a whole number.
 *
 * @param name The name of the option.
 * @param text The value on the command line.
 */
export function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0 && text.trim() !== "") return number;
  console.error(`Cannot use --${name} ${text}: expected a whole number, 0 or more`);
  process.exit(2);
}

/** Finds the runtime that the option `--runtime` names. */
export function chosenRuntime(name: string): Runtime {
  const known = RUNTIME_NAMES.find((known) => known === name);
  if (known !== undefined) return findRuntime(known);
  console.error(`Unknown runtime ${name}: expected one of ${RUNTIME_NAMES.join(", ")}`);
  process.exit(2);
}
