/**
 * The command `npm run fuzz`: mutates messages, WebSocket frames and PROXY headers until a reader breaks
 * a promise or the time is over. The parser of requests and the readers of frames and headers take turns.
 *
 * The last line is a summary. After a failure, the exit code is 1, and the output has the command that
 * repeats it.
 *
 * @module
 */

import process from "node:process";
import { readCorpus } from "../http/corpus.ts";
import { readHeaderCorpus } from "../socket/proxy_protocol/corpus.ts";
import { readOptions, wholeNumber } from "../tools/command_options.ts";
import { readFrameCorpus } from "../websocket/codec/corpus.ts";
import { FrameFuzzer } from "./frame_fuzzer.ts";
import { Fuzzer, FuzzFailure } from "./fuzzer.ts";
import { ProxyFuzzer } from "./proxy_fuzzer.ts";

/** The number of inputs between two readings of the clock. */
const BATCH = 1000;
const PROGRESS_SECONDS = 10;

const USAGE = `npm run fuzz                              60 seconds, another seed each time
npm run fuzz -- --seconds 600             longer
npm run fuzz -- --seed 7 --runs 100000    the same inputs again`;

const values = readOptions(USAGE, {
  seconds: { type: "string" },
  seed: { type: "string" },
  runs: { type: "string" },
});
const seed = wholeNumber("seed", values.seed ?? String(Date.now() % 2 ** 31));
const runs = values.runs === undefined ? Infinity : wholeNumber("runs", values.runs);
const seconds = values.seconds === undefined
  ? (runs === Infinity ? 60 : Infinity)
  : wholeNumber("seconds", values.seconds);

const fuzzer = new Fuzzer(seed, readCorpus());
const headers = new ProxyFuzzer(seed, readHeaderCorpus());
const frames = new FrameFuzzer(seed, readFrameCorpus());
const started = performance.now();
let told = 0;
try {
  while (fuzzer.runs < runs && elapsed() < seconds) {
    for (let left = Math.min(BATCH, runs - fuzzer.runs); left > 0; left--) {
      fuzzer.step();
      frames.step();
      headers.step();
    }
    if (elapsed() - told < PROGRESS_SECONDS) continue;
    told = elapsed();
    console.error(summary());
  }
} catch (error) {
  if (!(error instanceof FuzzFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
console.log(`Seed ${seed}: ${summary()}`);

function elapsed(): number {
  return (performance.now() - started) / 1000;
}

function summary(): string {
  const megabytes = ((fuzzer.bytes + frames.bytes + headers.bytes) / 1e6).toFixed(1);
  const shapes = fuzzer.shapes.size + frames.shapes.size + headers.shapes.size;
  return `${
    fuzzer.runs + frames.runs + headers.runs
  } inputs, ${megabytes} MB, ${shapes} kinds of outcome, ` +
    `${elapsed().toFixed(0)} s`;
}
