/**
 * The command `npm run torture`: breaks sockets, clocks and clients in every way until a promise of the
 * server is broken or the time is over.
 *
 * The last lines are the figures of each part. After a broken promise, the exit code is 1.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Random } from "../fuzz/random.ts";
import { RUNTIME } from "../support/tcp.ts";
import { chosenRuntime, readOptions, wholeNumber } from "../tools/command_options.ts";
import { programArguments } from "../tools/runtimes.ts";
import type { Course, Part } from "./part.ts";
import { PARTS } from "./parts.ts";

/** The most broken promises of one part that are printed. */
const MAX_PRINTED = 20;
const DEFAULT_MINUTES = 15;

const USAGE =
  `npm run torture                                about 15 minutes, another seed each time
npm run torture -- --minutes 1                 shorter
npm run torture -- --list                      the names of the parts
npm run torture -- --part faults --seed 7      one part, the same random numbers again
npm run torture -- --runtime deno              on node, currentNode, deno or bun`;

const values = readOptions(USAGE, {
  minutes: { type: "string" },
  part: { type: "string", multiple: true },
  seed: { type: "string" },
  list: { type: "boolean" },
  runtime: { type: "string" },
});
if (values.list === true) {
  for (const { name } of PARTS) console.log(name);
  process.exit();
}
if (values.runtime !== undefined) process.exit(runElsewhere(values.runtime));
const seed = wholeNumber("seed", values.seed ?? String(Date.now() % 2 ** 31));
const minutes = numberOfMinutes(values.minutes ?? String(DEFAULT_MINUTES));
const chosen = PARTS.filter(({ name }) => values.part?.includes(name) ?? true);
const names = PARTS.map(({ name }) => name);
const stranger = values.part?.find((name) => !names.includes(name));
if (stranger !== undefined) {
  console.error(`Unknown part ${stranger}: expected one of ${names.join(", ")}`);
  process.exit(2);
}

const report: string[] = [];
let broken = 0;
process.on(
  "uncaughtException",
  (error) => noteBroken("the process", `an error escaped: ${error.stack}`),
);
process.on(
  "unhandledRejection",
  (error) => noteBroken("the process", `a rejection escaped: ${error}`),
);

const shares = chosen.reduce((sum, { share }) => sum + share, 0);
for (const part of chosen) await runPart(part, 60 * minutes * part.share / shares);
console.log(report.join("\n"));
console.log(
  `Seed ${seed}, ${RUNTIME}: ${
    broken === 0 ? "every promise was kept" : `${broken} broken promises`
  }`,
);
process.exit(broken === 0 ? 0 : 1);

async function runPart(part: Part, seconds: number): Promise<void> {
  console.error(`${part.name}: ${seconds.toFixed(0)} s`);
  const began = performance.now();
  const course: Course = {
    seed,
    random: new Random(seed),
    seconds,
    isOver: () => performance.now() - began > 1000 * seconds,
    figure: (text) => void report.push(`${part.name}: ${text}`),
    broken: (text) => noteBroken(part.name, text),
  };
  try {
    await part.run(course);
  } catch (error) {
    course.broken(`the part failed: ${(error as Error).stack}`);
  }
  course.figure(`${((performance.now() - began) / 1000).toFixed(0)} s`);
}

function noteBroken(name: string, text: string): void {
  if (++broken > MAX_PRINTED) return;
  console.error(`BROKEN ${name}: ${text}`);
  report.push(`BROKEN ${name}: ${text}`);
}

/** Runs this program on another runtime, with the other arguments. Returns its exit code. */
function runElsewhere(name: string): number {
  const runtime = chosenRuntime(name);
  const rest = Object.entries(values).filter(([option]) => option !== "runtime")
    .flatMap(([option, value]) => [value].flat().map((value) => `--${option}=${value}`));
  const words = [...programArguments(runtime, fileURLToPath(import.meta.url)), ...rest];
  return spawnSync(runtime.command, words, { stdio: "inherit" }).status ?? 1;
}

function numberOfMinutes(text: string): number {
  const value = Number(text);
  if (value >= 0 && value < Infinity && text.trim() !== "") return value;
  console.error(`Cannot use --minutes ${text}: expected a number, 0 or more`);
  process.exit(2);
}
