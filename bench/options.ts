/**
 * The options of `npm run bench`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { RUNTIME_NAMES, type RuntimeName } from "../tests/tools/runtimes.ts";
import { type Contender, CONTENDER_NAMES, CONTENDERS } from "./contenders.ts";
import { LOAD_NAMES, type LoadName } from "./load/choose.ts";
import { type Workload, WORKLOAD_NAMES, WORKLOADS } from "./workloads/workloads.ts";

export const HELP: string = `npm run bench -- [options]

Measures our server beside each runtime's own, the limit, and the usual alternatives.

  --quick             under a minute: few workloads; ours, own and limit; Node, Deno and Bun
  --workload <name>   ${WORKLOAD_NAMES.join(", ")}
  --runtime <name>    ${RUNTIME_NAMES.join(", ")}
  --contender <name>  ${CONTENDER_NAMES.join(", ")}
  --rounds <n>        how often each server gets the load
  --seconds <n>       how long each time; fractions are fine
  --load <name>       wrk, or net for our own client; the default is wrk if it is installed
  --write             writes bench/results/<kind of run>.{json,md,svg}
  --help              this text

--workload, --runtime and --contender may be repeated. Other kinds of run:

  --scaling           cost by number of connections and by size of head; slow clients beside others
  --fairness          a tiny request beside 50 clients with answers that must be computed
  --websocket         WebSockets beside ws, Bun.serve, Deno.upgradeWebSocket, and the limit
  --overhead          counts, metrics, logs, traces and debugging beside a plain server
  --compare <ref>     ours beside ours of a git ref; fails when it has become slower
`;

export type Mode = "contenders" | "scaling" | "fairness" | "websocket" | "overhead" | "compare";

export interface Options {
  readonly mode: Mode;
  readonly quick: boolean;
  readonly workloads: readonly Workload[];
  readonly runtimes: readonly RuntimeName[];
  /** The contenders, in the order of the table. */
  readonly contenders: readonly Contender[];
  /** Whether the command line names contenders. Each named contender gets every workload. */
  readonly named: boolean;
  readonly rounds: number;
  readonly seconds: number;
  /** The seconds for the whole run. Rounds are left out if it would take longer. */
  readonly budget: number;
  /** The load generator; `undefined` picks the best one that is installed. */
  readonly load: LoadName | undefined;
  /** The git ref of `--compare`. */
  readonly ref: string;
  readonly write: boolean;
  readonly help: boolean;
}

/** An unknown option, or a wrong value. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

interface Defaults {
  readonly budget: number;
  readonly runtimes: readonly RuntimeName[];
  readonly rounds: number;
  readonly seconds: number;
}

const THREE = ["node", "deno", "bun"] as const;
const QUICK: Defaults = { runtimes: THREE, rounds: 5, seconds: 0.2, budget: 45 };
/** The defaults of a full run. On a slow machine, rounds are left out. */
const FULL: Defaults = { runtimes: RUNTIME_NAMES, rounds: 5, seconds: 0.3, budget: 500 };
/** The defaults of `--compare`, where a change of a few hundredths must be visible. */
const COMPARE: Defaults = { runtimes: THREE, rounds: 7, seconds: 0.5, budget: Infinity };

/** The shortest load, because the beginning and the end take a part of it. */
const SHORTEST = 0.2;

/**
 * Reads the command line.
 *
 * @throws {OptionError} For a wrong option; the message names the expected value.
 */
export function parseOptions(args: readonly string[]): Options {
  const values = parse(args);
  const quick = values.quick ?? false;
  const mode = modeOf(values);
  const defaults = quick ? QUICK : mode === "compare" ? COMPARE : FULL;
  const rounds = atLeast(1, "rounds", values.rounds, defaults.rounds);
  if (!Number.isInteger(rounds)) {
    throw new OptionError(`--rounds is ${rounds}: expected a whole number`);
  }
  const workloads = allOf("workload", values.workload, WORKLOAD_NAMES);
  const contenders = allOf("contender", values.contender, CONTENDER_NAMES);
  const few = quick || mode === "compare";
  return {
    mode,
    quick,
    workloads: WORKLOADS.filter(({ name, quick }) => workloads?.includes(name) ?? (!few || quick)),
    runtimes: allOf("runtime", values.runtime, RUNTIME_NAMES) ?? defaults.runtimes,
    contenders: CONTENDERS.filter(({ name, rank }) =>
      contenders?.includes(name) ?? (!quick || rank === "core")
    ),
    named: contenders !== undefined,
    rounds,
    seconds: atLeast(SHORTEST, "seconds", values.seconds, defaults.seconds),
    // A number of rounds on the command line is not reduced.
    budget: values.rounds === undefined ? defaults.budget : Infinity,
    load: values.load === undefined ? undefined : oneOf("load", values.load, LOAD_NAMES),
    ref: values.compare ?? "",
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
        workload: { type: "string", multiple: true },
        runtime: { type: "string", multiple: true },
        contender: { type: "string", multiple: true },
        rounds: { type: "string" },
        seconds: { type: "string" },
        load: { type: "string" },
        scaling: { type: "boolean" },
        fairness: { type: "boolean" },
        websocket: { type: "boolean" },
        overhead: { type: "boolean" },
        compare: { type: "string" },
        write: { type: "boolean" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

function modeOf(values: ReturnType<typeof parse>): Mode {
  const asked = (["scaling", "fairness", "websocket", "overhead", "compare"] as const)
    .filter((mode) => values[mode] !== undefined);
  if (asked.length > 1) {
    throw new OptionError(`--${asked.join(" and --")} do not go together: expected one of them`);
  }
  return asked[0] ?? "contenders";
}

function atLeast(least: number, name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (value >= least && value <= 600) return value;
  throw new OptionError(`--${name} is "${text}": expected a number from ${least} to 600`);
}

function allOf<Name extends string>(
  option: string,
  texts: readonly string[] | undefined,
  names: readonly Name[],
): Name[] | undefined {
  return texts?.map((text) => oneOf(option, text, names));
}

function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new OptionError(`--${option} is "${text}": expected one of ${names.join(", ")}`);
}
