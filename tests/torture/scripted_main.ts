/**
 * The program that prints the logs of some seeds: `scripted_main.ts <first seed> <number of seeds>`.
 *
 * The part `log` runs it on each runtime, and compares the outputs.
 *
 * @module
 */

import process from "node:process";
import { scriptedLog } from "./scripted.ts";

const [first, count] = process.argv.slice(2).map(Number) as [number, number];
for (let seed = first; seed < first + count; seed++) {
  process.stdout.write(`seed ${seed}\n${(await scriptedLog(seed)).join("\n")}\n`);
}
