/**
 * This file starts and ends the processes of the benchmark. No process outlives the benchmark.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

export type Process = ChildProcessByStdio<Writable, Readable, Readable>;

const running = new Set<Process>();

/** Starts a program with pipes to and from it. */
export function startProcess(commandLine: readonly string[]): Process {
  const [program = "", ...args] = commandLine;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  // The process may end before it has read its input.
  child.stdin.on("error", () => {});
  // Output that is not read must not fill the pipe and block the process.
  child.stdout.resume();
  child.stderr.resume();
  running.add(child);
  // A program that cannot be started gives an error instead of an exit.
  child.once("error", () => running.delete(child));
  child.once("close", () => running.delete(child));
  return child;
}

/** The output of a process until its end. */
export interface Transcript {
  readonly code: number | null;
  readonly output: string;
  readonly complaint: string;
}

/** Resolves when the process has ended. */
export function outputOf(child: Process): Promise<Transcript> {
  return new Promise((resolve, reject) => {
    let output = "";
    let complaint = "";
    child.stdout.on("data", (text: string) => output += text);
    child.stderr.on("data", (text: string) => complaint += text);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output, complaint }));
  });
}

/** Runs a program that prints JSON. A program that takes longer than `seconds` is ended. */
export async function runClient<Result>(
  commandLine: readonly string[],
  seconds: number,
): Promise<Result> {
  const child = startProcess(commandLine);
  const timer = setTimeout(() => void endProcess(child), seconds * 1000);
  const { code, output, complaint } = await outputOf(child);
  clearTimeout(timer);
  if (code === 0) return JSON.parse(output) as Result;
  throw new Error(`The client failed: ${complaint || "it did not end"}`);
}

/** The time that a process has to end after SIGTERM, before SIGKILL. */
const GRACE_MILLISECONDS = 3_000;

/** Ends a process, and resolves when it has ended. A process with children needs SIGTERM (`kindly`). */
export function endProcess(child: Process, kindly: boolean = false): Promise<void> {
  if (!running.has(child)) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MILLISECONDS);
    child.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill(kindly ? "SIGTERM" : "SIGKILL");
  });
}

/** Ends all processes that were started. */
export async function endProcesses(): Promise<void> {
  await Promise.all([...running].map((child) => endProcess(child, true)));
}

/** The default time that a process has to print an expected line. */
const ANSWER_MILLISECONDS = 20_000;

/**
 * Resolves when a process prints a line that `pattern` matches.
 *
 * @param question The line that is sent to the process first, if any.
 */
export function awaitLine(
  child: Process,
  pattern: RegExp,
  question?: string,
  milliseconds: number = ANSWER_MILLISECONDS,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = "";
    let complaint = "";
    const collect = (text: string) => {
      output += text;
      const found = pattern.exec(output);
      if (found !== null) settle(() => resolve(found));
    };
    const complain = (text: string) => complaint += text;
    const fail = (reason: string) => settle(() => reject(new Error(`${reason}\n${complaint}`)));
    const ended = () => fail("it ended");
    const failed = (error: Error) => fail(error.message);
    const timer = setTimeout(() => fail(`no ${pattern} came in time`), milliseconds);
    const settle = (then: () => void) => {
      clearTimeout(timer);
      child.stdout.off("data", collect);
      child.stderr.off("data", complain);
      child.off("close", ended);
      child.off("error", failed);
      then();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", complain);
    child.on("close", ended);
    child.on("error", failed);
    if (question !== undefined) child.stdin.write(`${question}\n`);
  });
}
