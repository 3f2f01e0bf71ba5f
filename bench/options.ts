/**
 * The options of `npm run bench`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { RUNTIME_NAMES, type RuntimeName } from "../tests/support/runtimes.ts";
import { LOAD_NAMES, type LoadName } from "./load/choose.ts";

export const HELP: string = `npm run bench -- [options]

Times hello on each runtime: ours, the runtime's own server, and a canned response on our adapter.

  --quick            under a minute; without it also on a current Node, longer, in more rounds
  --runtime <name>   ${RUNTIME_NAMES.join(", ")}; may be repeated
  --rounds <n>       how often each server gets the load
  --seconds <n>      how long each time; fractions are fine
  --load <name>      wrk, or net for our own client; the default is wrk if it is installed
  --write            writes bench/results/quick.{json,md}, without --quick full.{json,md}
  --help             this text
`;

export interface Options {
  readonly quick: boolean;
  readonly runtimes: readonly RuntimeName[];
  readonly rounds: number;
  readonly seconds: number;
  /** `undefined`: the best that is there. */
  readonly load: LoadName | undefined;
  readonly write: boolean;
  readonly help: boolean;
}

/** An option is unknown, or its value is not one. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

/** Enough to see a change of a tenth. The clock that is read ticks every 10 ms. */
const QUICK = { runtimes: ["node", "deno", "bun"], rounds: 3, seconds: 0.6 } as const;
const FULL = { runtimes: RUNTIME_NAMES, rounds: 7, seconds: 2 } as const;

/** The load takes a while to begin and to end. */
const SHORTEST = 0.2;

/**
 * Reads the command line.
 *
 * @throws {OptionError} With what was expected.
 */
export function parseOptions(args: readonly string[]): Options {
  const values = parse(args);
  const quick = values.quick ?? false;
  const defaults = quick ? QUICK : FULL;
  const rounds = atLeast(1, "rounds", values.rounds, defaults.rounds);
  if (!Number.isInteger(rounds)) {
    throw new OptionError(`--rounds is ${rounds}: expected a whole number`);
  }
  return {
    quick,
    runtimes: values.runtime?.map((name) => oneOf("runtime", name, RUNTIME_NAMES)) ??
      defaults.runtimes,
    rounds,
    seconds: atLeast(SHORTEST, "seconds", values.seconds, defaults.seconds),
    load: values.load === undefined ? undefined : oneOf("load", values.load, LOAD_NAMES),
    write: values.write ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean" },
        runtime: { type: "string", multiple: true },
        rounds: { type: "string" },
        seconds: { type: "string" },
        load: { type: "string" },
        write: { type: "boolean" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

function atLeast(least: number, name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (value >= least && value <= 600) return value;
  throw new OptionError(`--${name} is "${text}": expected a number from ${least} to 600`);
}

function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new OptionError(`--${option} is "${text}": expected one of ${names.join(", ")}`);
}
