/**
 * The part `log`: the same scripts give the same ordered log on Node 20, a current Node, Deno and Bun.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findRuntime, programArguments, RUNTIME_NAMES } from "../tools/runtimes.ts";
import type { Course, Part } from "./part.ts";

const SEEDS = 20;
const PROGRAM = fileURLToPath(new URL("scripted_main.ts", import.meta.url));
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** The same log on every runtime. */
export const logPart: Part = {
  name: "log",
  share: 0.5,
  run(course: Course): Promise<void> {
    let expected: readonly string[] | undefined;
    for (const name of RUNTIME_NAMES) {
      const runtime = findRuntime(name);
      const words = [...programArguments(runtime, PROGRAM), String(course.seed), String(SEEDS)];
      const { stdout, stderr, status } = spawnSync(runtime.command, words, {
        encoding: "utf8",
        maxBuffer: MAX_OUTPUT_BYTES,
      });
      if (status !== 0) course.broken(`${name} ended with ${status}: ${stderr}`);
      const lines = stdout.split("\n");
      expected ??= lines;
      const other = lines.findIndex((line, index) => line !== expected?.[index]);
      if (other >= 0) {
        course.broken(`line ${other} on ${name} is "${lines[other]}", not "${expected[other]}"`);
      } else if (lines.length !== expected.length) {
        course.broken(`${name} has ${lines.length} lines, not ${expected.length}`);
      }
      course.figure(`${name} ${runtime.version}: ${lines.length} lines of ${SEEDS} scripts`);
    }
    return Promise.resolve();
  },
};
